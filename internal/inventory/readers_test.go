package inventory

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

var deep = Options{Depth: LayersDepth, Platform: "linux/amd64"}

// describe is what every reader has to find in the sample.
const found = `app d 755 0:0 layer 0
app/.env f 644 0:0 layer 0
app/link f 644 0:0 layer 1 again
app/model.onnx f 644 1000:0 layer 1
app/old f 644 0:0 layer 1
app/soft l 755 0:0 layer 2
etc d 755 0:0 layer 0
etc/passwd f 644 0:0 layer 0
deleted gone/a by 1
deleted gone/b by 1
overwritten app/old by 1
rewritten app/model.onnx by 1
`

func describe(inv Inventory) string {
	var b strings.Builder
	for n := range inv.Files.All() {
		again := ""
		if n.Again {
			again = " again"
		}
		fmt.Fprintf(&b, "%s %c %o %d:%d layer %d%s\n", n.Path, n.Kind, n.Mode, n.UID, n.GID, n.Layer, again)
	}
	for fate, word := range []string{Deleted: "deleted", Overwritten: "overwritten", Rewritten: "rewritten"} {
		for _, f := range inv.Stored {
			if int(f.Fate) == fate && word != "" {
				fmt.Fprintf(&b, "%s %s by %d\n", word, f.Path, f.By)
			}
		}
	}
	return b.String()
}

func hexSum(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }

func check(t *testing.T, inv Inventory, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if got := describe(inv); got != found {
		t.Errorf("found\n%s\nwant\n%s", got, found)
	}
	if env := inv.Files.At("app/.env"); env.Facts == nil || len(env.Facts.Secrets) != 1 ||
		env.Facts.Secrets[0].Shown != "ghp_…" {
		t.Errorf("the secret: %+v", env.Facts)
	}
	if model := inv.Files.At("app/model.onnx"); model.Facts == nil || model.Facts.SHA256 != hexSum("weights") {
		t.Errorf("the model: %+v", model.Facts)
	}
	if passwd := inv.Files.At("etc/passwd"); passwd.Facts == nil || !strings.HasPrefix(passwd.Facts.Text, "root:") {
		t.Errorf("passwd: %+v", passwd.Facts)
	}
	if step := inv.Config.Step(1); step != "RUN chown -R app /app" || inv.Config.User != "app" ||
		inv.Config.Platform != "linux/amd64" {
		t.Errorf("the configuration: %+v", inv.Config)
	}
	if want := int64(88); inv.Layers[0].Size != want || inv.Layers[1].Size != 10 || inv.Size() != want+10 {
		t.Errorf("sizes: %d, %d of %d", inv.Layers[0].Size, inv.Layers[1].Size, inv.Size())
	}
}

func TestSavedFile(t *testing.T) {
	t.Parallel()
	inv, err := ReadFile(t.Context(), saved(t, sample(t)), deep)
	check(t, inv, err)
	if inv.Tag != "cpu" || !strings.HasPrefix(inv.Digest, "sha256:") {
		t.Errorf("%s %s", inv.Tag, inv.Digest)
	}
}

// TestUncompressedFile is what Docker itself writes: layers are passed over by
// seeking, and what matters is read all the same.
func TestUncompressedFile(t *testing.T) {
	t.Parallel()
	for _, depth := range []Depth{FilesDepth, LayersDepth} {
		inv, err := ReadFile(t.Context(), write(t, exported(t, sample(t), false)), Options{Depth: depth})
		if err != nil {
			t.Fatal(err)
		}
		if depth == LayersDepth {
			check(t, inv, err)
		}
		if env := inv.Files.At("app/.env"); env == nil || env.Facts == nil || len(env.Facts.Secrets) != 1 {
			t.Errorf("%s: the secret %+v", depth, env)
		}
	}
}

// TestStream is the export of a daemon, which cannot seek and ends with the
// manifest.
func TestStream(t *testing.T) {
	t.Parallel()
	image := sample(t)
	data, err := image.RawConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	var inv Inventory
	if inv.Config, inv.Layers, err = ParseConfig(data); err != nil {
		t.Fatal(err)
	}
	inv, err = ReadSaved(t.Context(), inv, io.MultiReader(bytes.NewReader(exported(t, image, true))), deep)
	check(t, inv, err)
}

// exported is an image as Docker exports it, with a layer that is a link where
// asked.
func exported(t *testing.T, image interface {
	RawConfigFile() ([]byte, error)
}, linked bool) []byte {
	t.Helper()
	img := sample(t)
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.RawConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	var files []file
	var names []string
	for i, layer := range layers {
		content, err := layer.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(content)
		if err != nil {
			t.Fatal(err)
		}
		dir := fmt.Sprintf("%d", i)
		names = append(names, dir+"/layer.tar")
		if linked && i == 2 {
			files = append(files, regular("elsewhere/layer.tar", string(data)),
				special(dir+"/layer.tar", tar.TypeSymlink, "../elsewhere/layer.tar"))
			continue
		}
		files = append(files, regular(dir+"/VERSION", "1.0"), regular(dir+"/layer.tar", string(data)))
	}
	files = append(files, regular("config.json", string(config)),
		regular("manifest.json", fmt.Sprintf(`[{"Config":"config.json","RepoTags":["x/y:cpu"],"Layers":["%s"]}]`,
			strings.Join(names, `","`))))
	return archiveOf(t, files...)
}

func TestLayout(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	written, err := layout.Write(dir, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	if err := written.AppendImage(sample(t)); err != nil {
		t.Fatal(err)
	}
	inv, err := ReadFile(t.Context(), dir, deep)
	check(t, inv, err)
	if inv.Layers[0].Packed <= 0 || inv.Layers[0].Digest == "" {
		t.Errorf("%+v", inv.Layers[0])
	}
	// The same in an archive, as buildx --output type=oci writes it.
	var files []file
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		relative, _ := filepath.Rel(dir, path)
		files = append(files, regular(filepath.ToSlash(relative), string(data)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	inv, err = ReadFile(t.Context(), write(t, archiveOf(t, files...)), deep)
	check(t, inv, err)
}

// TestRegistry streams each layer once, and none a second time.
func TestRegistry(t *testing.T) {
	t.Parallel()
	blobs := 0
	handler := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(recorded(handler, &blobs))
	t.Cleanup(server.Close)
	tag, err := name.NewTag(strings.TrimPrefix(server.URL, "http://")+"/image:cpu", name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(tag, sample(t)); err != nil {
		t.Fatal(err)
	}
	options := deep
	options.Cache = Cache(t.TempDir())
	for _, want := range []int{4, 5} { // the configuration each time
		image, err := remote.Image(tag)
		if err != nil {
			t.Fatal(err)
		}
		inv, err := ReadRemote(t.Context(), tag.String(), image, options)
		check(t, inv, err)
		if blobs != want {
			t.Errorf("%d blobs were fetched, want %d", blobs, want)
		}
	}
	blobs = 0
	image, err := remote.Image(tag)
	if err != nil {
		t.Fatal(err)
	}
	inv, err := ReadRemote(t.Context(), tag.String(), image, Options{Depth: ConfigDepth})
	if err != nil || blobs != 1 || inv.Files.Len() != 0 || inv.Size() != UnknownSize || inv.Layers[0].Packed <= 0 {
		t.Errorf("depth config fetched %d blobs: %v, %+v", blobs, err, inv.Layers)
	}
}

func TestCanceled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ReadFile(ctx, saved(t, sample(t)), deep); err == nil {
		t.Error("it continued")
	}
}
