package inventory

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// file is an entry of an archive that a test makes.
type file struct {
	tar.Header
	data string
}

func regular(name, data string) file {
	return file{tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(data))}, data}
}

func special(name string, kind byte, link string) file {
	return file{tar.Header{Name: name, Typeflag: kind, Mode: 0o755, Linkname: link}, ""}
}

func archiveOf(t testing.TB, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		if err := w.WriteHeader(&f.Header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, f.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func layerOf(t testing.TB, data []byte) v1.Layer {
	t.Helper()
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(data)), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return layer
}

// sample is an image of three layers: the second deletes, replaces and chowns,
// the third brings a link.
func sample(t testing.TB) v1.Image {
	t.Helper()
	chowned := regular("app/model.onnx", "weights")
	chowned.Uid = 1000
	image, err := mutate.Append(empty.Image,
		mutate.Addendum{Layer: layerOf(t, archiveOf(t, special("app/", tar.TypeDir, ""),
			regular("app/model.onnx", "weights"),
			regular("./app/old", "old"), regular("/etc/passwd", "root:x:0:0::/root:/bin/sh\n"),
			regular("gone/a", "123"), regular("gone/b", "45"),
			regular("app/.env", "TOKEN=ghp_"+"abcdefghijklmnopqrstuvwxyzABCDEFGHIJ\n"))),
			History: v1.History{CreatedBy: "COPY . . # buildkit"}},
		mutate.Addendum{History: v1.History{CreatedBy: "ENV A=b", EmptyLayer: true}},
		mutate.Addendum{Layer: layerOf(t, archiveOf(t, chowned, regular("app/old", "new"), regular(".wh.gone", ""))),
			History: v1.History{CreatedBy: "RUN /bin/sh -c chown -R app /app # buildkit"}},
		mutate.Addendum{Layer: layerOf(t, archiveOf(t, special("app/link", tar.TypeLink, "app/old"),
			special("app/soft", tar.TypeSymlink, "/app/old"))),
			History: v1.History{CreatedBy: "/bin/sh -c ln /app/old /app/link"}},
	)
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Config.User = "linux", "amd64", "app"
	if image, err = mutate.ConfigFile(image, config); err != nil {
		t.Fatal(err)
	}
	return image
}

// saved is an image in a file of `docker save`.
func saved(t testing.TB, image v1.Image) string {
	t.Helper()
	tag, err := name.NewTag("facecraft.invalid/image:cpu")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "image.tar")
	if err := tarball.WriteToFile(path, tag, image); err != nil {
		t.Fatal(err)
	}
	return path
}

func write(t testing.TB, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "image.tar")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
