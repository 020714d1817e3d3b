package carry_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/djok/facecraft/internal/carry"
	"github.com/djok/facecraft/internal/dockertest"
)

// saved returns a saved file of a small image.
func saved(t *testing.T) []byte {
	t.Helper()
	var image, file bytes.Buffer
	img := dockertest.ImageOf(t, dockertest.Layer(t, 50_000), dockertest.Layer(t, 1000))
	if err := tarball.Write(name.MustParseReference("facecraft:cpu"), img, &image); err != nil {
		t.Fatal(err)
	}
	if err := carry.Write(&file, &image, facts); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

var facts = carry.Facts{Reference: "djok/facecraft:cpu", Digest: "sha256:12", Platform: "linux/amd64", Version: "v1",
	Variant: "cpu", UnpackedSize: 4_080_000_000}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	file := saved(t)
	got, err := carry.Verify(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if got.Reference != facts.Reference || got.Digest != facts.Digest || got.UnpackedSize != facts.UnpackedSize ||
		len(got.Files) != 4 {
		t.Errorf("%+v", got)
	}
	// docker load accepts the file as it is.
	img, err := tarball.Image(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(file)), nil }, nil)
	if err != nil {
		t.Fatal(err)
	}
	if layers, err := img.Layers(); err != nil || len(layers) != 2 {
		t.Errorf("%d layers, %v", len(layers), err)
	}
}

// TestEveryDamageIsFound flips bits and truncates the file at many positions.
// Bytes between the entries (padding, unused header fields) are not content.
func TestEveryDamageIsFound(t *testing.T) {
	t.Parallel()
	file := saved(t)
	for at := range contents(t, file) {
		if at%37 != 0 {
			continue
		}
		damaged := bytes.Clone(file)
		damaged[at] ^= 4
		if _, err := carry.Verify(bytes.NewReader(damaged)); err == nil {
			t.Fatalf("a flipped bit at %d of %d was not detected", at, len(file))
		}
	}
	end := bytes.LastIndex(file, []byte("\n}")) + len("\n}") // of the facts
	for cut := 0; cut < end; cut += 513 {
		if _, err := carry.Verify(bytes.NewReader(file[:cut])); !errors.Is(err, carry.ErrDamaged) {
			t.Fatalf("the file was truncated at %d of %d: %v", cut, len(file), err)
		}
	}
}

// contents returns the positions of the entries' content, except the last
// one's: changed words in the facts can still be valid.
func contents(t *testing.T, file []byte) map[int]bool {
	t.Helper()
	positions := map[int]bool{}
	reader := bytes.NewReader(file)
	archive := tar.NewReader(reader)
	for {
		header, err := archive.Next()
		if err != nil {
			t.Fatal(err)
		}
		if header.Name == "facecraft.json" {
			return positions
		}
		begin := len(file) - reader.Len()
		for i := range int(header.Size) {
			positions[begin+i] = true
		}
	}
}

func TestNotASavedImage(t *testing.T) {
	t.Parallel()
	archive := func(files ...string) string {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for _, file := range files {
			name, content, _ := strings.Cut(file, "=")
			if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))}); err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(w, content); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	lacking := `[{"Config":"manifest.json","Layers":["layer.tar"]}]`
	lackingSum := `b3994e636814387ec7ce85e66e65bf440f7d60e4c629d7219ad1084277e3be71`
	empty := `e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855`
	for what, tt := range map[string]struct{ file, want string }{
		"nothing":       {"", "it is cut off"},
		"a photo":       {strings.Repeat("JPEG", 1000), "invalid tar header"},
		"docker save's": {archive("manifest.json=[]"), carry.ErrUnchecked.Error()},
		"docker save's, cut": {strings.TrimRight(archive("manifest.json=[]"), "\x00") + strings.Repeat("\x00", 510),
			"there are no checksums"},
		"docker export's": {archive("etc/passwd="), "there are no checksums"},
		"compressed":      {"\x1f\x8b\x08" + strings.Repeat("x", 2000), "it is compressed with gzip"},
		"no image":        {archive(`facecraft.json={"format":1,"files":[]}`), "it contains no image"},
		"invalid facts":   {archive("facecraft.json=nothing"), "invalid character"},
		"a layer too few": {archive("manifest.json="+lacking,
			`facecraft.json={"format":1,"files":[{"name":"manifest.json","size":51,"sha256":"`+lackingSum+`"}]}`),
			"1 of the image's 1 layers are missing"},
		"a newer format":  {archive(`facecraft.json={"format":2}`), "has format 2, but this version reads only 1"},
		"an extra entry":  {archive("more=", `facecraft.json={"format":1,"files":[]}`), "more is not listed"},
		"a missing entry": {archive(`facecraft.json={"format":1,"files":[{"name":"gone"}]}`), "gone is missing"},
		"a different entry": {archive("b=", `facecraft.json={"format":1,"files":[{"name":"a","sha256":"`+empty+`"}]}`),
			"a is not what was saved"},
		"a different link": {archive("a=", `facecraft.json={"format":1,"files":[{"name":"a","link":"b","sha256":"`+empty+
			`"}]}`), "a is not what was saved"},
	} {
		_, err := carry.Verify(strings.NewReader(tt.file))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", what, err, tt.want)
		}
	}
}

// TestIncompleteImage: what lacks a part is neither written nor taken. The
// containerd store of Engine 29 saves an image of which layers are missing.
func TestIncompleteImage(t *testing.T) {
	t.Parallel()
	whole := saved(t)
	for what, tt := range map[string]struct {
		leave func(name string) bool
		want  string
	}{
		"a layer": {func(name string) bool {
			return strings.HasSuffix(name, ".tar.gz")
		}, "2 of the image's 2 layers are missing"},
		"the config": {func(name string) bool { return strings.HasPrefix(name, "sha256:") }, "configuration is missing"},
		"all":        {func(name string) bool { return true }, "it contains no image"},
	} {
		var part, file bytes.Buffer
		w := tar.NewWriter(&part)
		for in := tar.NewReader(bytes.NewReader(whole)); ; {
			header, err := in.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if header.Name == "facecraft.json" || tt.leave(header.Name) {
				continue
			}
			if err := errors.Join(w.WriteHeader(header), second(io.Copy(w, in))); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		err := carry.Write(&file, &part, facts)
		if !errors.Is(err, carry.ErrIncomplete) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("without %s: %v", what, err)
		}
	}
}

func second(_ int64, err error) error { return err }

// TestConstantMemory passes an image through that is larger than the memory
// limit. It does not run in parallel: memory is counted for the whole process.
func TestConstantMemory(t *testing.T) {
	const size = 256 << 20
	image, in := io.Pipe()
	go func() {
		w := tar.NewWriter(in)
		const manifest = `[{"Config":"manifest.json","Layers":["layer.tar"]}]`
		_ = w.WriteHeader(&tar.Header{Name: "manifest.json", Mode: 0o644, Size: int64(len(manifest))})
		_, _ = io.WriteString(w, manifest)
		_ = w.WriteHeader(&tar.Header{Name: "layer.tar", Mode: 0o644, Size: size})
		_, err := io.CopyN(w, zeroes{}, size)
		in.CloseWithError(errors.Join(err, w.Close()))
	}()
	file, out := io.Pipe()
	go func() { out.CloseWithError(carry.Write(out, image, facts)) }()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := carry.Verify(file); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 8<<20 {
		t.Errorf("%d bytes were allocated for an image of %d", allocated, size)
	}
}

type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// FuzzVerify: any file is either rejected or read, without a panic.
func FuzzVerify(f *testing.F) {
	f.Add([]byte("nothing"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if facts, err := carry.Verify(bytes.NewReader(data)); err == nil && len(facts.Files) == 0 {
			t.Error("a file without entries was accepted")
		}
	})
}
