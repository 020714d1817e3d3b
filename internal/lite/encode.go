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

// encodeJPEG encodes with the best quality, from 90 down in steps of 5, that
// keeps the file within maxJPEGBytes. The contract stops at 50 and lets a noisy
// picture exceed the limit; here it goes on to 5. A picture of several
// megapixels that can't fit even so is left at 50, as in the contract.
func encodeJPEG(p *image.RGBA) ([]byte, error) {
	const best, worst, step, tooLarge = 90, 5, 5, 50
	var file bytes.Buffer
	var failure error
	fits := func(quality int) bool {
		file.Reset()
		if err := jpeg.Encode(&file, p, &jpeg.Options{Quality: quality}); err != nil {
			failure = err
		}
		return file.Len() <= maxJPEGBytes
	}
	if !fits(best) {
		const steps = (best - worst) / step
		quality := best - step*(1+sort.Search(steps, func(i int) bool { return fits(best - step*(i+1)) }))
		if quality < worst {
			quality = tooLarge
		}
		fits(quality)
	}
	if failure != nil {
		return nil, fmt.Errorf("encoding jpeg: %w", failure)
	}
	return file.Bytes(), nil
}
