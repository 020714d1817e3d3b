package helper_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/helper"
)

func TestMain(m *testing.M) { dockertest.Main(m) }

// TestImage reads the archive back as the daemon would.
func TestImage(t *testing.T) {
	t.Parallel()
	lite := dockertest.Lite(t)
	var first, second bytes.Buffer
	if err := lite.Write(&first); err != nil {
		t.Fatal(err)
	}
	if err := lite.Write(&second); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the same executable gave two different archives")
	}
	img, err := tarball.Image(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(first.Bytes())), nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if config.OS != "linux" || config.Config.User != "1000:1000" ||
		!slices.Equal(config.Config.Cmd, []string{helper.ServeCommand}) {
		t.Errorf("config %+v", config)
	}
	layers, err := img.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("%d layers, %v", len(layers), err)
	}
	content, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	entries := map[string]*tar.Header{}
	reader := tar.NewReader(content)
	for {
		header, err := reader.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		entries[header.Name] = header
	}
	if program := entries["facecraft"]; program == nil || program.Mode != 0o755 || program.Size < 1<<20 {
		t.Errorf("the program is %+v", program)
	}
	for _, dir := range []string{"app/uploads/", "app/processed/"} {
		if d := entries[dir]; d == nil || d.Uid != 1000 || d.Gid != 1000 || d.Typeflag != tar.TypeDir {
			t.Errorf("%s is %+v; a new volume takes its owner", dir, d)
		}
	}
}

// TestRefusals: executables that cannot run in an empty file system.
func TestRefusals(t *testing.T) {
	t.Parallel()
	program, err := os.ReadFile(dockertest.Binary(t))
	if err != nil {
		t.Fatal(err)
	}
	other := map[string]string{"amd64": "arm64", "arm64": "amd64"}
	shell, err := filepath.EvalSymlinks("/bin/sh")
	if err != nil {
		t.Skipf("needs a dynamically linked program: %v", err)
	}
	dynamic, err := os.ReadFile(shell)
	if err != nil {
		t.Fatal(err)
	}
	arch := runtime.GOARCH
	for name, tt := range map[string]struct {
		data []byte
		arch string
		want string
	}{
		"different architecture": {program, other[arch], "the daemon is " + other[arch]},
		"unknown architecture":   {program, "riscv64", "the daemon is riscv64"},
		"dynamic":                {dynamic, arch, "CGO_ENABLED=0"},
		"not an executable":      {[]byte("#!/bin/sh\n"), arch, "not a Linux executable"},
		"nothing":                {nil, arch, "not a Linux executable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := helper.FromExecutable(tt.data, tt.arch)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// TestCompressed: each call gives a registry the same bytes, and in them the
// file system that the daemon gets.
func TestCompressed(t *testing.T) {
	t.Parallel()
	lite := dockertest.Lite(t)
	loaded, err := lite.Image()
	if err != nil {
		t.Fatal(err)
	}
	var images [2]v1.Image
	for i := range images {
		if images[i], err = lite.Compressed(); err != nil {
			t.Fatal(err)
		}
	}
	first, err1 := images[0].Digest()
	second, err2 := images[1].Digest()
	if err := errors.Join(err1, err2); err != nil || first != second {
		t.Errorf("digests %s and %s, %v", first, second, err)
	}
	size := func(image v1.Image) (size int64, diffID v1.Hash) {
		layers, err := image.Layers()
		if err != nil || len(layers) != 1 {
			t.Fatalf("%d layers, %v", len(layers), err)
		}
		size, err1 := layers[0].Size()
		diffID, err2 := layers[0].DiffID()
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		return size, diffID
	}
	plain, want := size(loaded)
	packed, got := size(images[0])
	if got != want || packed > plain/2 {
		t.Errorf("%d bytes of %s, not less than half of the %d bytes of %s", packed, got, plain, want)
	}
}
