package inventory

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/klauspost/compress/gzip"
	"golang.org/x/sync/errgroup"
)

// pythonLayer has files that shrink to about a third, as those of Python
// packages do: 60 MB.
func pythonLayer(b *testing.B, seed uint64) []byte {
	b.Helper()
	random := rand.New(rand.NewPCG(seed, 2))
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
	return archiveOf(b, files...)
}

// BenchmarkScan reads all layers of an image in a registry. Beside it, gzip
// alone unpacks the same layers from memory, on as many processors. A scan
// should reach four fifths of it, although it also fetches, verifies and reads.
func BenchmarkScan(b *testing.B) {
	image, unpacked := v1.Image(empty.Image), int64(0)
	for n := range uint64(4) {
		archive := pythonLayer(b, n)
		unpacked += int64(len(archive))
		var err error
		if image, err = mutate.AppendLayers(image, layerOf(b, archive)); err != nil {
			b.Fatal(err)
		}
	}
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	b.Cleanup(server.Close)
	tag, err := name.NewTag(strings.TrimPrefix(server.URL, "http://")+"/image:cpu", name.Insecure)
	if err != nil {
		b.Fatal(err)
	}
	if err := remote.Write(tag, image); err != nil {
		b.Fatal(err)
	}
	packed := packedLayers(b, image)
	var scan, alone time.Duration
	for b.Loop() {
		begin := time.Now()
		gunzip(b, packed)
		alone += time.Since(begin)
		begin = time.Now()
		published, err := remote.Image(tag)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := ReadRemote(b.Context(), tag.String(), published, Options{Depth: LayersDepth}); err != nil {
			b.Fatal(err)
		}
		scan += time.Since(begin)
	}
	megabytes := float64(unpacked) / 1e6 * float64(b.N)
	b.ReportMetric(megabytes/scan.Seconds(), "MB/s-scan")
	b.ReportMetric(megabytes/alone.Seconds(), "MB/s-gzip")
	b.ReportMetric(100*alone.Seconds()/scan.Seconds(), "%-of-gzip")
}

func packedLayers(b *testing.B, image v1.Image) (list [][]byte) {
	b.Helper()
	layers, err := image.Layers()
	if err != nil {
		b.Fatal(err)
	}
	for _, layer := range layers {
		content, err := layer.Compressed()
		if err != nil {
			b.Fatal(err)
		}
		data, err := io.ReadAll(content)
		if err != nil {
			b.Fatal(err)
		}
		list = append(list, data)
	}
	return list
}

// gunzip unpacks on all processors.
func gunzip(b *testing.B, packed [][]byte) {
	b.Helper()
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, data := range packed {
		group.Go(func() error {
			reader, err := gzip.NewReader(bytes.NewReader(data))
			if err != nil {
				return err
			}
			_, err = io.Copy(io.Discard, reader)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
}
