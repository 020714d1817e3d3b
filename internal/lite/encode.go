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

// maxJPEGBytes is the maximum size of a user's photo in directory services.
const maxJPEGBytes = 99 * 1024

// pngEncoder prefers speed: for a portrait it takes a seventh of the default time
// and the file is a sixth larger.
var pngEncoder = png.Encoder{CompressionLevel: png.BestSpeed, BufferPool: &pngBuffers{}}

// pngBuffers reuses the encoder's large buffers.
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

// largePixels is the size from which an image that does not fit at quality 50
// would show block artefacts at the quality that does.
const largePixels = 1 << 20

// encodeJPEG uses the best quality, from 90 down in steps of 5, that keeps the
// file within maxJPEGBytes. The images stop at 50 and let noisy or large portraits
// exceed the limit. Here, large ones are then encoded by encodeCoarsely, smaller
// ones only if quality 5 is still too large.
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
