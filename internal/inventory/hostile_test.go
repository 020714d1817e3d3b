package inventory

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/klauspost/compress/zstd"
)

// TestHostileLayers end with an error that says why.
func TestHostileLayers(t *testing.T) {
	t.Parallel()
	deepPath := strings.Repeat("d/", 3000) + "f"
	huge := special("huge", tar.TypeReg, "")
	huge.Size = 1 << 50
	for name, tt := range map[string]struct {
		layer []byte
		want  string
	}{
		"a path that leads out":  {archiveOf(t, regular("../../etc/shadow", "x")), "leads out"},
		"a link that leads out":  {archiveOf(t, special("a", tar.TypeLink, "../../etc/shadow")), "leads out"},
		"a path without an end":  {archiveOf(t, regular(deepPath, "x")), "a path of 6001 bytes"},
		"a file of a petabyte":   {header(t, huge), "claims"},
		"an archive that is cut": {archiveOf(t, regular("a", strings.Repeat("x", 5000)))[:3000], "damaged"},
		"noise":                  {bytes.Repeat([]byte("noise "), 1000), "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := scanner{all: true}.layer(t.Context(), bytes.NewReader(tt.layer), &budget{})
			if !errors.Is(err, ErrHostile) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// TestHarmlessOddities are of no use to an attacker: a container shows them, or
// the daemon refuses them.
func TestHarmlessOddities(t *testing.T) {
	t.Parallel()
	sparseFile := special("sparse", tar.TypeReg, "")
	layer := archiveOf(t, special("loop", tar.TypeSymlink, "loop"), regular("loop/f", "x"),
		special("ghost", tar.TypeLink, "nothing/there"),
		special("dev/null", tar.TypeChar, ""), special("pipe", tar.TypeFifo, ""), sparseFile.file(), regular("a", "1"),
		regular("a/b", "2"),
		regular(".wh.", ""), regular(".wh..wh.plnk/x", ""), regular("", "y"))
	entries, err := scanner{all: true}.layer(t.Context(), bytes.NewReader(layer), &budget{})
	if err != nil {
		t.Fatal(err)
	}
	tree, stored, err := Merge([]Layer{{Entries: entries}})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"ghost", "loop/f", "a/b"} {
		if tree.At(path) != nil {
			t.Errorf("%s is there", path)
		}
	}
	if node, _ := tree.Find("/loop/f"); node != nil {
		t.Errorf("found %s in a circle", node.Path)
	}
	if len(stored) != 5 {
		t.Errorf("%d files are stored", len(stored))
	}
}

func (f file) file() file { return f }

// header is the beginning of an archive whose content does not follow.
func header(t *testing.T, f file) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := tar.NewWriter(&b).WriteHeader(&f.Header); err != nil {
		t.Fatal(err)
	}
	return append(b.Bytes(), make([]byte, 1024)...)
}

// TestBombs end in bounded memory: what unpacks without end, and what has
// files or directories without end.
func TestBombs(t *testing.T) {
	gzipped := func(w io.Writer) io.WriteCloser {
		packer, _ := gzip.NewWriterLevel(w, gzip.BestSpeed)
		return packer
	}
	for name, tt := range map[string]struct {
		layer  func(io.Writer)
		packer func(io.Writer) io.WriteCloser
		want   string
	}{
		"a decompression bomb": {zeros, gzipped, "times its size"},
		"a bomb of zstd": {zeros, func(w io.Writer) io.WriteCloser {
			packer, _ := zstd.NewWriter(w)
			return packer
		}, "times its size"},
		"a million files": {func(w io.Writer) { many(t, w, "f%d") }, gzipped, "more than 500000 files"},
		"deep directories": {func(w io.Writer) {
			many(t, w, "%d"+strings.Repeat("/d", 1500))
		}, gzipped, "paths alone"},
	} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() {
				t.Skip("a bomb takes long under the race detector")
			}
			reader, writer := io.Pipe()
			go func() {
				packer := tt.packer(writer)
				tt.layer(packer)
				packer.Close()
				writer.Close()
			}()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			entries, err := scanPacked(ctx, scanner{all: true}, reader, &budget{})
			reader.CloseWithError(errors.New("the test is over"))
			if !errors.Is(err, ErrHostile) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%d entries, %v; want %q", len(entries), err, tt.want)
			}
			var memory runtime.MemStats
			runtime.ReadMemStats(&memory)
			if memory.HeapInuse > 600<<20 {
				t.Errorf("%d MB in use", memory.HeapInuse>>20)
			}
		})
	}
}

// zeros is an archive of one file of 20 GB, without its end.
func zeros(w io.Writer) {
	archive := tar.NewWriter(w)
	_ = archive.WriteHeader(&tar.Header{Name: "zeros", Typeflag: tar.TypeReg, Size: 20 << 30})
	block := make([]byte, 1<<20)
	for range 20 << 10 {
		if _, err := archive.Write(block); err != nil {
			return
		}
	}
}

func many(t *testing.T, w io.Writer, format string) {
	archive := tar.NewWriter(w)
	for i := range 1_000_000 {
		if err := archive.WriteHeader(&tar.Header{Name: fmt.Sprintf(format, i), Typeflag: tar.TypeReg}); err != nil {
			return // the reader has seen enough
		}
	}
}

// TestDirectoriesThatNobodyNames: few files can imply many directories.
func TestDirectoriesThatNobodyNames(t *testing.T) {
	t.Parallel()
	var entries []Entry
	for i := range 2000 {
		entries = append(entries, Entry{Path: fmt.Sprintf("%d", i) + strings.Repeat("/d", 1000), Kind: File})
	}
	if _, _, err := Merge([]Layer{{Entries: entries}}); !errors.Is(err, ErrHostile) {
		t.Errorf("got %v", err)
	}
}

// TestHostileFiles are not images, or lie about what they are.
func TestHostileFiles(t *testing.T) {
	t.Parallel()
	config := `{"os":"linux","architecture":"amd64","rootfs":{"diff_ids":["sha256:1","sha256:2"]}}`
	for name, tt := range map[string]struct {
		data []byte
		want string
	}{
		"nothing":         {nil, "too short"},
		"noise":           {bytes.Repeat([]byte("noise "), 1000), "not an archive"},
		"compressed":      {[]byte("\x1f\x8b\x08\x00 and so on"), "unpack it first"},
		"another archive": {archiveOf(t, regular("readme", "x")), "neither index.json nor manifest.json"},
		"a bad manifest":  {archiveOf(t, regular("manifest.json", "[")), "cannot be read"},
		"two images":      {archiveOf(t, regular("manifest.json", `[{},{}]`)), "holds 2 images"},
		"layers missing": {archiveOf(t, regular("manifest.json", `[{"Config":"c","Layers":["a"]}]`),
			regular("c", config)), "names 2 layers and its manifest 1"},
		"a layer missing": {archiveOf(t, regular("manifest.json", `[{"Config":"c","Layers":["a","b"]}]`),
			regular("c", config)), " is missing"},
		"links in a circle": {archiveOf(t, special("c", tar.TypeSymlink, "c"),
			regular("manifest.json", `[{"Config":"c"}]`)), "circle"},
		"a path in a digest": {archiveOf(t, regular("index.json",
			`{"manifests":[{"digest":"sha256:../../../../../../../../../../../etc/passwd"}]}`)), "is not a digest"},
		"an index of itself": {archiveOf(t, regular("index.json",
			`{"manifests":[{"digest":"sha256:`+strings.Repeat("a", 64)+`"}]}`),
			regular("blobs/sha256/"+strings.Repeat("a", 64),
				`{"manifests":[{"digest":"sha256:`+strings.Repeat("a", 64)+`"}]}`)), "nested"},
		"other platforms": {archiveOf(t, regular("index.json",
			`{"manifests":[{"digest":"sha256:1","platform":{"os":"linux","architecture":"s390x"}},`+
				`{"digest":"sha256:2","platform":{"os":"linux","architecture":"arm"}}]}`)),
			"it is for linux/s390x, linux/arm"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ReadFile(t.Context(), write(t, tt.data), deep)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// lying is an image whose configuration names layers that it does not have.
type lying struct{ v1.Image }

func (l lying) RawConfigFile() ([]byte, error) {
	return []byte(`{"os":"linux","architecture":"amd64","rootfs":{"diff_ids":["sha256:1"]}}`), nil
}

func TestLyingConfig(t *testing.T) {
	t.Parallel()
	if _, err := ReadRemote(t.Context(), "x:cpu", lying{sample(t)}, deep); !errors.Is(err, ErrHostile) {
		t.Errorf("got %v", err)
	}
}

// TestLibraries follows what hostile ELF files say no further than bounds.
func TestLibraries(t *testing.T) {
	t.Parallel()
	header := append([]byte("\x7fELF\x02\x01\x01"), make([]byte, 57)...)
	header[32], header[56], header[57] = 0xff, 0xff, 0xff // segments: 65535 of them, somewhere
	for _, data := range [][]byte{nil, []byte("\x7fELF"), header, bytes.Repeat([]byte{0xff}, 200)} {
		if needed, _, err := libraries(bytes.NewReader(data)); len(needed) > 0 || err == nil {
			t.Errorf("%q: %v", data[:min(8, len(data))], needed)
		}
	}
	if s, err := stringAt(bytes.NewReader(header), math.MaxUint64); err == nil {
		t.Error(s)
	}
}

func FuzzLayer(f *testing.F) {
	f.Add(archiveOf(f, regular("a", "b"), special("l", tar.TypeSymlink, "a"), regular(".wh.a", "")))
	f.Fuzz(func(t *testing.T, data []byte) {
		// In one goroutine: the fuzzer learns from what is reached every time.
		entries, err := scanner{all: true}.layer(t.Context(), bytes.NewReader(data), &budget{})
		if err != nil {
			return
		}
		tree, _, err := Merge([]Layer{{Entries: entries}, {Entries: entries}})
		if err != nil {
			return
		}
		for node := range tree.All() {
			if strings.HasPrefix(node.Path, "/") || strings.HasPrefix(node.Path, "../") {
				t.Errorf("path %q", node.Path)
			}
			tree.Find(node.Path)
		}
	})
}

func FuzzUnpack(f *testing.F) {
	for _, magic := range [][]byte{gzipMagic, zstdMagic} {
		f.Add(append(bytes.Clone(magic), 8, 0, 0, 0, 0, 0))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		unpacked, err := unpack(bytes.NewReader(data))
		if err != nil {
			return
		}
		defer unpacked.Close()
		if n, _ := io.Copy(io.Discard, unpacked); n > bombSize {
			t.Errorf("%d bytes of %d", n, len(data))
		}
	})
}

func FuzzLibraries(f *testing.F) {
	f.Add([]byte("\x7fELF\x02\x01\x01"))
	f.Fuzz(func(t *testing.T, data []byte) {
		whole, _, _ := libraries(bytes.NewReader(data))
		w := newWindow(int64(len(data)))
		for i := 0; i < len(data); i += 7 {
			if _, err := w.Write(data[i:min(len(data), i+7)]); err != nil {
				t.Fatal(err)
			}
		}
		streamed, _, err := libraries(w)
		if err == nil && len(streamed) != len(whole) {
			t.Errorf("streamed %v, whole %v", streamed, whole)
		}
	})
}

func FuzzFile(f *testing.F) {
	f.Add([]byte(`{"manifests":[{"digest":"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}]}`),
		[]byte(`[{"Config":"c","Layers":["a"]}]`), []byte(`{"rootfs":{"diff_ids":["a"]}}`))
	f.Fuzz(func(t *testing.T, index, manifest, config []byte) {
		for _, data := range [][]byte{
			archiveOf(t, regular("index.json", string(index)), regular("c", string(config))),
			archiveOf(t, regular("manifest.json", string(manifest)), regular("c", string(config)), regular("a", "")),
		} {
			_, _ = ReadFile(t.Context(), write(t, data), deep)
		}
	})
}
