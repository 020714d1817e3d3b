package inventory

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

var (
	gzipMagic = []byte{0x1f, 0x8b}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
)

// maxWindow is the memory that a zstd stream may request, in bytes.
const maxWindow = 128 << 20

// unpack returns the archive in a layer, whatever its compression. Decompression
// bombs cause an error.
func unpack(packed io.Reader) (io.ReadCloser, error) {
	counted := &counter{Reader: packed}
	buffered := bufio.NewReaderSize(counted, bufferSize)
	magic, err := buffered.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(magic, gzipMagic):
		unpacked, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, hostile("a layer is not gzip: %v", err)
		}
		return &fused{Reader: unpacked, packed: counted, close: unpacked.Close}, nil
	case bytes.HasPrefix(magic, zstdMagic):
		unpacked, err := zstd.NewReader(buffered, zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderConcurrency(2))
		if err != nil {
			return nil, hostile("a layer is not zstd: %v", err)
		}
		return &fused{Reader: unpacked, packed: counted, close: func() error { unpacked.Close(); return nil }}, nil
	}
	return io.NopCloser(buffered), nil
}

type counter struct {
	io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

// fused fails on a decompression bomb.
type fused struct {
	io.Reader
	packed *counter
	n      int64
	close  func() error
}

func (f *fused) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	f.n += int64(n)
	if f.n > bombSize && f.n/bombRatio > f.packed.n {
		return 0, hostile("a layer unpacks to more than %d times its size", bombRatio)
	}
	return n, err
}

func (f *fused) Close() error { return f.close() }
