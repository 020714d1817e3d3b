package inventory

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// sparseFile is the header of a file of GNU's old sparse format that claims a
// size and holds nothing. archive/tar does not write these.
// (https://www.gnu.org/software/tar/manual/html_node/Standard.html)
func sparseFile(t *testing.T, name string, size uint64) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := tar.NewWriter(&b).WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644,
		Format: tar.FormatGNU}); err != nil {
		t.Fatal(err)
	}
	block := b.Bytes()[:512]
	const typeAt, checksumAt, mapAt, realSizeAt = 156, 148, 386, 483
	block[typeAt] = tar.TypeGNUSparse
	for _, at := range []int{mapAt, realSizeAt} { // one fragment of no bytes, at the end
		block[at] = 0x80 // what follows is binary
		binary.BigEndian.PutUint64(block[at+4:], size)
	}
	copy(block[mapAt+12:], "00000000000\x00")
	copy(block[checksumAt:], "        ")
	sum := 0
	for _, c := range block {
		sum += int(c)
	}
	copy(block[checksumAt:], fmt.Sprintf("%06o\x00 ", sum))
	return block
}

// TestSparseFiles claim what they do not hold. They are not read, and what
// follows them is found.
func TestSparseFiles(t *testing.T) {
	t.Parallel()
	for size, want := range map[uint64]string{1 << 40: "", 1 << 50: "claims"} {
		layer := append(sparseFile(t, "app/model.onnx", size), archiveOf(t, regular("app/after", "x"))...)
		entries, err := scanner{all: true}.layer(t.Context(), bytes.NewReader(layer), &budget{})
		switch {
		case want != "" && (!errors.Is(err, ErrHostile) || !strings.Contains(err.Error(), want)):
			t.Errorf("%d bytes: %v", size, err)
		case want == "" && (err != nil || len(entries) != 2 || entries[0].Size != int64(size) ||
			entries[0].Facts != nil || entries[1].Path != "app/after"):
			t.Errorf("%d bytes: %v, %+v", size, err, entries)
		}
	}
}

// forged answers with other bytes of the same length than a layer's.
func forged(handler http.Handler, layer v1.Hash) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/blobs/"+layer.String()) || r.Method != http.MethodGet {
			handler.ServeHTTP(w, r)
			return
		}
		recorded := httptest.NewRecorder()
		handler.ServeHTTP(recorded, r)
		body := recorded.Body.Bytes()
		body[4] ^= 0xff // the time in gzip's header, which nothing else checks
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		_, _ = w.Write(body)
	})
}

// TestForgedLayer is not taken for what its digest says, and not remembered.
func TestForgedLayer(t *testing.T) {
	t.Parallel()
	img := sample(t)
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	digest, err := layers[0].Digest()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(forged(registry.New(registry.Logger(log.New(io.Discard, "", 0))), digest))
	t.Cleanup(server.Close)
	tag, err := name.NewTag(strings.TrimPrefix(server.URL, "http://")+"/image:cpu", name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(tag, img); err != nil {
		t.Fatal(err)
	}
	options := deep
	options.Cache = Cache(t.TempDir())
	for range 2 {
		published, err := remote.Image(tag)
		if err != nil {
			t.Fatal(err)
		}
		_, err = ReadRemote(t.Context(), tag.String(), published, options)
		if err == nil || !strings.Contains(err.Error(), "layer 1: ") || !strings.Contains(err.Error(), "sha256") {
			t.Errorf("got %v", err)
		}
	}
}

// TestExportWithoutEnd is of a daemon that sends more files than any image has.
func TestExportWithoutEnd(t *testing.T) {
	t.Parallel()
	reader, writer := io.Pipe()
	go func() {
		w := tar.NewWriter(writer)
		for i := 0; ; i++ {
			if err := w.WriteHeader(&tar.Header{Name: fmt.Sprint(i), Typeflag: tar.TypeSymlink,
				Linkname: "x"}); err != nil {
				return
			}
		}
	}()
	_, err := ReadSaved(t.Context(), Inventory{}, reader, deep)
	reader.Close()
	if !errors.Is(err, ErrHostile) {
		t.Errorf("got %v", err)
	}
}
