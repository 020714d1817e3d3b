// Package helper builds the lite image from this program's own Linux
// executable, FROM scratch and in memory, without a download, and runs the
// short-lived helper containers. The same executable always gives the same
// image.
package helper

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// ServeCommand is the hidden command that runs the lite server, HealthCommand
// the one that checks whether it is ready.
const (
	ServeCommand  = "serve-lite"
	HealthCommand = "check-lite"
)

// repository holds the lite images; the tag is the executable's digest, so each
// build of the program has its own image.
const repository = "facecraft-lite"

// uid is the published images' user.
const uid = 1000

// Helper is a Linux executable of this program, ready to become an image.
type Helper struct {
	executable []byte
	arch       string
}

// New returns this program's Linux executable for the daemon's architecture (as
// GOARCH). The error says why there is none.
func New(arch string) (*Helper, error) {
	data, err := executable()
	if err != nil {
		return nil, err
	}
	return FromExecutable(data, arch)
}

// FromExecutable uses the given build of this program.
func FromExecutable(data []byte, arch string) (*Helper, error) {
	if err := check(data, arch); err != nil {
		return nil, err
	}
	return &Helper{executable: data, arch: arch}, nil
}

// check rejects what cannot run in an empty file system on that architecture.
func check(data []byte, arch string) error {
	file, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("not a Linux executable: %w", err)
	}
	machines := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}
	if want, ok := machines[arch]; !ok || file.Machine != want {
		return fmt.Errorf("this program's Linux executable is for %s and the daemon is %s", file.Machine, arch)
	}
	for _, segment := range file.Progs {
		if segment.Type == elf.PT_INTERP {
			return errors.New("this program was linked dynamically; build it with CGO_ENABLED=0")
		}
	}
	return nil
}

// Reference is the image's name in the daemon.
func (h *Helper) Reference() string {
	sum := sha256.Sum256(h.executable)
	return repository + ":" + hex.EncodeToString(sum[:6])
}

// IsReference reports whether an image reference is that of a lite image.
func IsReference(image string) bool { return strings.HasPrefix(image, repository+":") }

// Image is the lite image for the daemon, uncompressed: it does not cross a
// network, and compressing it would take longer than everything else.
func (h *Helper) Image() (v1.Image, error) {
	files, err := h.layer()
	if err != nil {
		return nil, err
	}
	return h.imageOf(static.NewLayer(files, types.DockerUncompressedLayer))
}

// Compressed is the same image for a registry. The same executable always gives
// the same bytes.
func (h *Helper) Compressed() (v1.Image, error) {
	files, err := h.layer()
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(files)), nil
	}, tarball.WithCompressedCaching, tarball.WithCompressionLevel(gzip.DefaultCompression))
	if err != nil {
		return nil, err
	}
	return h.imageOf(layer)
}

func (h *Helper) imageOf(layer v1.Layer) (v1.Image, error) {
	img, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return nil, err
	}
	return mutate.ConfigFile(img, h.config(img))
}

func (h *Helper) config(img v1.Image) *v1.ConfigFile {
	file, err := img.ConfigFile()
	if err != nil {
		panic(err) // empty.Image always has a config
	}
	file = file.DeepCopy()
	file.OS, file.Architecture = "linux", h.arch
	file.Created = v1.Time{Time: time.Unix(0, 0).UTC()} // for reproducible bytes
	user := fmt.Sprintf("%d:%d", uid, uid)
	file.Config = v1.Config{
		User:         user,
		Entrypoint:   []string{"/facecraft"},
		Cmd:          []string{ServeCommand},
		WorkingDir:   "/app",
		Env:          []string{"PATH=/", "HOME=/home/appuser", "FACECRAFT_DEVICE=cpu"},
		ExposedPorts: map[string]struct{}{"8000/tcp": {}},
		Labels: map[string]string{
			"org.opencontainers.image.title":       "facecraft",
			"org.opencontainers.image.description": "facecraft lite: the facecraft API in pure Go, without AI models",
			"org.opencontainers.image.licenses":    "MIT",
			"org.opencontainers.image.source":      "https://github.com/djok/facecraft",
		},
		// Same intervals as the published images.
		Healthcheck: &v1.HealthConfig{
			Test:     []string{"CMD", "/facecraft", HealthCommand},
			Interval: 30 * time.Second, Timeout: 10 * time.Second, StartPeriod: 180 * time.Second, Retries: 3,
		},
	}
	return file
}

// layer is the whole file system. The user owns the mount points, because a new
// named volume takes the owner of the directory it is mounted on.
func (h *Helper) layer() ([]byte, error) {
	var buf bytes.Buffer
	buf.Grow(len(h.executable) + 16<<10)
	w := tar.NewWriter(&buf)
	entries := []struct {
		header tar.Header
		data   []byte
	}{
		{tar.Header{Name: "etc/", Mode: 0o755}, nil},
		{tar.Header{Name: "etc/passwd", Mode: 0o644}, []byte(fmt.Sprintf("appuser:x:%d:%d::/home/appuser:/\n", uid, uid))},
		{tar.Header{Name: "etc/group", Mode: 0o644}, []byte(fmt.Sprintf("appuser:x:%d:\n", uid))},
		{tar.Header{Name: "tmp/", Mode: 0o1777}, nil},
		{tar.Header{Name: "home/", Mode: 0o755}, nil},
		{tar.Header{Name: "home/appuser/", Mode: 0o755, Uid: uid, Gid: uid}, nil},
		{tar.Header{Name: "app/", Mode: 0o755, Uid: uid, Gid: uid}, nil},
		{tar.Header{Name: "app/uploads/", Mode: 0o755, Uid: uid, Gid: uid}, nil},
		{tar.Header{Name: "app/processed/", Mode: 0o755, Uid: uid, Gid: uid}, nil},
		{tar.Header{Name: "facecraft", Mode: 0o755}, h.executable},
	}
	for _, e := range entries {
		e.header.Typeflag = tar.TypeReg
		if e.data == nil {
			e.header.Typeflag = tar.TypeDir
		}
		e.header.Size = int64(len(e.data))
		e.header.ModTime = time.Unix(0, 0)
		if err := w.WriteHeader(&e.header); err != nil {
			return nil, err
		}
		if _, err := w.Write(e.data); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// Write writes the image as an archive for `docker load`.
func (h *Helper) Write(w io.Writer) error {
	img, err := h.Image()
	if err != nil {
		return err
	}
	tag, err := name.NewTag(h.Reference())
	if err != nil {
		return err
	}
	return tarball.Write(tag, img, w)
}

// Carried is an archive with only the executable, as dir/facecraft, to copy
// into a container of a different image. Only root can use the directory.
func (h *Helper) Carried(dir string) io.Reader {
	reader, writer := io.Pipe()
	go func() {
		w := tar.NewWriter(writer)
		err := w.WriteHeader(&tar.Header{Name: dir + "/", Typeflag: tar.TypeDir, Mode: 0o700})
		if err == nil {
			err = w.WriteHeader(&tar.Header{Name: dir + "/facecraft", Typeflag: tar.TypeReg, Mode: 0o500,
				Size: int64(len(h.executable))})
		}
		if err == nil {
			_, err = w.Write(h.executable)
		}
		writer.CloseWithError(errors.Join(err, w.Close()))
	}()
	return reader
}
