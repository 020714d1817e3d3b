package dockertest

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"

	imagetypes "github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
)

// Debian is a directory with the files of a Debian that has python3-torch and
// libdlib-data. Tests add files in directories of their own and leave the rest
// as it is.
func Debian(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("FACECRAFT_DEBIAN")
	if dir == "" {
		t.Skip("needs a Debian with torch: make test-debian")
	}
	return dir
}

// Import makes an image of the files below a directory.
func Import(t testing.TB, docker client.APIClient, dir string, instructions ...string) string {
	t.Helper()
	pack := exec.CommandContext(t.Context(), "tar", "--directory", dir, "--numeric-owner", "--create", "--file=-", ".")
	files, err := pack.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := pack.Start(); err != nil {
		t.Fatal(err)
	}
	reference := ImportArchive(t, docker, files, instructions...)
	if err := pack.Wait(); err != nil {
		t.Fatalf("import the image: %v", err)
	}
	return reference
}

// ImportArchive makes an image of one layer of the files of a tar archive, with
// the instructions of a Dockerfile that need no build, and returns its reference.
// It is removed when the test ends. Large images arrive much faster than with
// Load, because nothing is compressed.
func ImportArchive(t testing.TB, docker client.APIClient, archive io.Reader, instructions ...string) string {
	t.Helper()
	reference := fmt.Sprintf("facecraft-test.invalid/image/%08x:cpu", rand.Uint32())
	RemoveImages(t, docker, reference)
	response, err := docker.ImageImport(t.Context(), imagetypes.ImportSource{Source: archive, SourceName: "-"}, reference,
		imagetypes.ImportOptions{Changes: instructions})
	if err != nil {
		t.Fatalf("import the image: %v", err)
	}
	defer response.Close()
	if _, err := io.Copy(io.Discard, response); err != nil {
		t.Fatalf("import the image: %v", err)
	}
	return reference
}
