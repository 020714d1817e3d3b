package inventory

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/klauspost/compress/gzip"
)

// packedLayer is a layer of files that shrink to about a third, as those of
// Python packages do, and its unpacked size in bytes.
func packedLayer(b *testing.B) ([]byte, int64) {
	b.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	words := make([][]byte, 4096)
	for i := range words {
		words[i] = fmt.Appendf(nil, "%x ", random.Uint64()>>(random.IntN(48)))
	}
	var files []file
	for i := range 1500 {
		var text bytes.Buffer
		for text.Len() < 40_000 {
			text.Write(words[random.IntN(len(words))])
		}
		files = append(files, regular(fmt.Sprintf("usr/lib/python3/dist-packages/p%d/m%d.py", i/50, i), text.String()))
	}
	archive := archiveOf(b, files...)
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(archive); err != nil {
		b.Fatal(err)
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	return packed.Bytes(), int64(len(archive))
}

// onAllCores runs as many at once as there are processors, as a scan does.
func onAllCores(b *testing.B, size int64, work func() error) {
	n := runtime.GOMAXPROCS(0)
	b.SetBytes(size * int64(n))
	for b.Loop() {
		var wg sync.WaitGroup
		for range n {
			wg.Go(func() {
				if err := work(); err != nil {
					b.Error(err)
				}
			})
		}
		wg.Wait()
	}
}

// BenchmarkGunzip is the bound of BenchmarkScan: gzip alone, on all cores. A
// scan should reach four fifths of it.
func BenchmarkGunzip(b *testing.B) {
	packed, size := packedLayer(b)
	onAllCores(b, size, func() error {
		reader, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, reader)
		return err
	})
}

func BenchmarkScan(b *testing.B) {
	packed, size := packedLayer(b)
	onAllCores(b, size, func() error {
		_, err := scanPacked(b.Context(), scanner{all: true}, bytes.NewReader(packed), &budget{})
		return err
	})
}
