package trial_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/helper"
	"github.com/djok/facecraft/internal/images"
	"github.com/djok/facecraft/internal/inventory"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/trial"
)

func TestMain(m *testing.M) { dockertest.Main(m) }

func daemon(t *testing.T) *trial.Daemon {
	t.Helper()
	docker := dockertest.Engine(t)
	lite := func(string) (*helper.Helper, error) { return dockertest.Lite(t), nil }
	return &trial.Daemon{Docker: docker, Instance: dockertest.Instance(t, docker),
		Images: &images.Store{Docker: docker, Helper: lite}}
}

func layer(t *testing.T, files map[string]string) v1.Layer {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for name, data := range files {
		header := tar.Header{Name: name, Mode: 0o640, Uid: 1000, Size: int64(len(data)), Typeflag: tar.TypeReg}
		if err := w.WriteHeader(&header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, data); err != nil {
			t.Fatal(err)
		}
	}
	return closed(t, w, &b)
}

// layerOf is a layer of links and directories.
func layerOf(t *testing.T, headers ...tar.Header) v1.Layer {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, header := range headers {
		if err := w.WriteHeader(&header); err != nil {
			t.Fatal(err)
		}
	}
	return closed(t, w, &b)
}

func closed(t *testing.T, w *tar.Writer, b *bytes.Buffer) v1.Layer {
	t.Helper()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil }
	made, err := tarball.LayerFromOpener(open)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// pitted is an image whose own program must never run: there is none, and what
// would be started does not exist.
func pitted(t *testing.T, docker client.APIClient) string {
	t.Helper()
	image := dockertest.ImageOf(t,
		layer(t, map[string]string{"app/main.py": "x = 1\n", "app/gone": "12345", "data/kept": "in a volume"}),
		layer(t, map[string]string{"app/.wh.gone": "", "etc/passwd": "app:x:1000:1000::/app:/bin/sh\n",
			"etc/hosts": "the image's own\n"}))
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	c := config.Config
	c.User, c.Entrypoint, c.Volumes = "app", []string{"/does/not/exist"}, map[string]struct{}{"/data": {}}
	c.Env = []string{"GODEBUG=nonsense=1", "PATH=/nowhere"}
	if image, err = mutate.Config(image, c); err != nil {
		t.Fatal(err)
	}
	return dockertest.Load(t, docker, image)
}

// TestRead sees the files of an image without running anything of it, and
// leaves nothing behind.
func TestRead(t *testing.T) {
	d := daemon(t)
	reference := pitted(t, d.Docker)
	before := volumes(t, d.Docker)
	options := inventory.Options{Depth: inventory.FilesDepth, Cache: inventory.Cache(t.TempDir())}
	for range 2 {
		inv, err := d.Read(t.Context(), reference, options)
		if err != nil {
			t.Fatal(err)
		}
		main := inv.Files.At("app/main.py")
		if main == nil || main.UID != 1000 || main.Mode != 0o640 || main.Size != 6 {
			t.Errorf("app/main.py: %+v", main)
		}
		if inv.Files.At("data/kept") == nil {
			t.Error("what lies in a volume was not seen")
		}
		for _, path := range []string{"proc", "sys", "app/gone", ".dockerenv"} {
			if inv.Files.At(path) != nil {
				t.Errorf("%s is not the image's", path)
			}
		}
		// The engine replaces that of a container, but not that of a mounted image.
		if mounted := dockertest.APIFrom(t, d.Docker, "1.48"); mounted != (inv.Files.At("etc/hosts") != nil) {
			t.Errorf("image mounts %v, etc/hosts: %+v", mounted, inv.Files.At("etc/hosts"))
		}
		if passwd := inv.Files.At("etc/passwd"); passwd == nil || passwd.Facts == nil {
			t.Errorf("passwd: %+v", passwd)
		}
		if inv.Config.User != "app" || inv.Tag != "cpu" {
			t.Errorf("%+v", inv.Config)
		}
		nothingLeft(t, d)
	}
	if after := volumes(t, d.Docker); after != before {
		t.Errorf("%d volumes, %d before", after, before)
	}
}

// TestReadLayers sees what is hidden too, and remembers it.
func TestReadLayers(t *testing.T) {
	d := daemon(t)
	reference, asked := pitted(t, d.Docker), 0
	d.Say = func(string, ...any) { asked++ }
	options := inventory.Options{Depth: inventory.LayersDepth, Cache: inventory.Cache(t.TempDir())}
	for range 2 {
		inv, err := d.Read(t.Context(), reference, options)
		if err != nil {
			t.Fatal(err)
		}
		hidden := 0
		for _, f := range inv.Stored {
			if f.Fate == inventory.Deleted && f.Path == "app/gone" && f.By == 1 {
				hidden++
			}
		}
		if hidden != 1 || inv.Files.At("app/main.py") == nil {
			t.Errorf("%d hidden files, %d files", hidden, inv.Files.Len())
		}
	}
	if asked != 1 {
		t.Errorf("the daemon exported the image %d times", asked)
	}
}

// TestSmallDisk is asked before the daemon copies a large image.
func TestSmallDisk(t *testing.T) {
	d := daemon(t)
	reader, writer := io.Pipe()
	go func() {
		w := tar.NewWriter(writer)
		err := w.WriteHeader(&tar.Header{Name: "app/zeros", Mode: 0o644, Size: 510_000_000, Typeflag: tar.TypeReg})
		if err == nil {
			_, err = w.Write(make([]byte, 510_000_000))
		}
		writer.CloseWithError(errors.Join(err, w.Close()))
	}()
	reference := dockertest.ImportArchive(t, d.Docker, reader)
	d.FreeDisk = func(context.Context) (int64, error) { return 400_000_000, nil }
	_, err := d.Read(t.Context(), reference, inventory.Options{Depth: inventory.LayersDepth})
	if fault.CodeOf(err) != fault.Unrunnable || fault.HintOf(err) == "" {
		t.Errorf("got %v", err)
	}
}

func TestNotHere(t *testing.T) {
	d := daemon(t)
	if _, err := d.Read(t.Context(), "facecraft-test.invalid/none:cpu", inventory.Options{}); err != trial.ErrNotHere {
		t.Errorf("got %v", err)
	}
}

func nothingLeft(t *testing.T, d *trial.Daemon) {
	t.Helper()
	list, err := d.Docker.ContainerList(t.Context(), container.ListOptions{All: true,
		Filters: filters.NewArgs(filters.Arg("label", plan.LabelHelper+"="+d.Instance))})
	if err != nil || len(list) > 0 {
		t.Errorf("%d containers are left, %v", len(list), err)
	}
}

// volumes are how many anonymous ones there are; other tests' have names.
func volumes(t *testing.T, docker client.APIClient) (n int) {
	t.Helper()
	list, err := docker.VolumeList(t.Context(), volume.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range list.Volumes {
		if len(v.Name) == 64 {
			n++
		}
	}
	return n
}
