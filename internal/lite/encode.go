package lite

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"sort"
	"sync"
)

// maxJPEGBytes is the size that directory services allow a user's photo.
const maxJPEGBytes = 99 * 1024

// pngEncoder prefers speed: for a portrait it takes a seventh of the default's
// time and the file is a sixth larger.
var pngEncoder = png.Encoder{CompressionLevel: png.BestSpeed, BufferPool: &pngBuffers{}}

// pngBuffers keeps the encoder's large buffers from one photo to the next.
type pngBuffers struct{ pool sync.Pool }

func (b *pngBuffers) Get() *png.EncoderBuffer {
	buffer, _ := b.pool.Get().(*png.EncoderBuffer)
	return buffer
}

func (b *pngBuffers) Put(buffer *png.EncoderBuffer) { b.pool.Put(buffer) }

func encodePNG(p *image.NRGBA) ([]byte, error) {
	var file bytes.Buffer
	if err := pngEncoder.Encode(&file, p); err != nil {
		return nil, fmt.Errorf("encoding png: %w", err)
	}
	return file.Bytes(), nil
}

// largePixels is the size from which a picture that does not fit at quality 50
// would be a mosaic at the quality that does.
const largePixels = 1 << 20

// encodeJPEG encodes with the best quality, from 90 down in steps of 5, that
// keeps the file within maxJPEGBytes. The contract stops at 50 and lets a noisy
// or a large picture exceed the limit. Here a large one is then encoded in
// another way, and a smaller one goes on to 5 before.
func encodeJPEG(p *image.RGBA) ([]byte, error) {
	const best, good, worst, step = 90, 50, 5, 5
	var file bytes.Buffer
	var failure error
	fits := func(quality int) bool {
		file.Reset()
		if err := jpeg.Encode(&file, p, &jpeg.Options{Quality: quality}); err != nil {
			failure = err
		}
		return file.Len() <= maxJPEGBytes
	}
	lowest := worst
	if p.Rect.Dx()*p.Rect.Dy() > largePixels {
		lowest = good
	}
	if !fits(best) {
		if !fits(lowest) {
			return encodeCoarsely(p, maxJPEGBytes)
		}
		steps := (best - lowest) / step
		fits(best - step*(1+sort.Search(steps-1, func(i int) bool { return fits(best - step*(i+1)) })))
	}
	if failure != nil {
		return nil, fmt.Errorf("encoding jpeg: %w", failure)
	}
	return file.Bytes(), nil
}
