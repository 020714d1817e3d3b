package e2e

import (
	"errors"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/fault"
)

// TestVerifyWritesOnlyItsCache: the layers of an image in a registry pass by, and
// nothing of them is on disk but what was found.
func TestVerifyWritesOnlyItsCache(t *testing.T) {
	const size = 20_000_000
	reference := dockertest.Registry(t) + "/some/image:cpu"
	dockertest.Push(t, reference, dockertest.ImageOf(t, dockertest.Layer(t, size), dockertest.Layer(t, size)))
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), dockertest.Binary(t), "verify", "--depth", "layers", "docker://"+reference)
	cmd.Dir = dir
	cmd.Env = []string{"HOME=" + dir, "XDG_CACHE_HOME=" + filepath.Join(dir, "cache"),
		"TMPDIR=" + filepath.Join(dir, "none"),
		"DOCKER_HOST=unix://" + filepath.Join(dir, "none")}
	output, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != int(fault.Pitfall) {
		t.Fatalf("%v\n%s", err, output)
	}
	var cached int64
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if !strings.HasPrefix(path, filepath.Join(dir, "cache")) {
			t.Errorf("wrote %s", path)
		}
		info, err := d.Info()
		if err == nil {
			cached += info.Size()
		}
		return err
	})
	if err != nil || cached == 0 || cached > size/100 {
		t.Errorf("the cache has %d bytes, %v", cached, err)
	}
}
