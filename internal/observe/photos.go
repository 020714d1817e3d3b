package observe

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"image"
	"image/color"
	_ "image/gif" // a format that a server may answer with
	"image/jpeg"
	_ "image/png"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"sync"
	"time"
)

// face is a photo of the astronaut Eileen Collins by NASA, in the public domain.
//
//go:embed face.jpg
var face []byte

// photoTimeout limits the work on one photo.
const photoTimeout = 3 * time.Minute

// variant returns one of several different photos.
func variant(n int) []byte {
	if n == 0 {
		return face
	}
	picture, err := jpeg.Decode(bytes.NewReader(face))
	if err != nil {
		panic(err) // the photo is embedded, hence valid
	}
	bounds := picture.Bounds()
	changed := image.NewRGBA(bounds)
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			from := x
			if n%2 == 1 { // mirrored
				from = bounds.Max.X - 1 - x
			}
			changed.Set(x, y, darker(picture.At(from, y), 10*uint32(n/2)))
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, changed, &jpeg.Options{Quality: 90}); err != nil {
		panic(err) // writing to a buffer never fails
	}
	return out.Bytes()
}

func darker(c color.Color, percent uint32) color.Color {
	r, g, b, _ := c.RGBA()
	part := func(v uint32) uint8 { return uint8(v * (100 - percent) / 100 >> 8) }
	return color.RGBA{part(r), part(g), part(b), 255}
}

// post sends a photo, and returns the portrait or the response sent instead.
func (w *watcher) post(ctx context.Context, n int, headers map[string]string) (status int, body []byte, err error) {
	var form bytes.Buffer
	writer := multipart.NewWriter(&form)
	part, err := writer.CreateFormFile("file", fmt.Sprintf("photo%d.jpg", n))
	if err != nil {
		return 0, nil, err
	}
	if _, err := part.Write(variant(n)); err != nil {
		return 0, nil, err
	}
	if err := writer.Close(); err != nil {
		return 0, nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/api/v1/process/quick", &form)
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Content-Type", writer.FormDataContentType())
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	response, err := w.http.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(io.LimitReader(response.Body, 32<<20))
	return response.StatusCode, body, err
}

// photo sends a photo. Its answer is a portrait only if it is a picture.
func (w *watcher) photo(ctx context.Context, n int) Photo {
	begun := time.Now()
	status, body, err := w.post(ctx, n, nil)
	p := Photo{Took: time.Since(begun), picture: body}
	if err != nil {
		p.Answer = err.Error()
		return p
	}
	if _, _, unreadable := image.DecodeConfig(bytes.NewReader(body)); status != http.StatusOK || unreadable != nil {
		p.Answer = fmt.Sprintf("%d %.120q", status, body)
		return p
	}
	p.Portrait = true
	return p
}

// bursts compares photos that are sent at once with the same photos alone.
func (w *watcher) bursts(ctx context.Context) {
	if len(w.order.Bursts) == 0 {
		return
	}
	var alone []Photo
	for n := range slices.Max(w.order.Bursts) {
		alone = append(alone, w.photo(ctx, n))
	}
	for _, n := range w.order.Bursts {
		w.seen.Bursts = append(w.seen.Bursts, w.burst(ctx, alone[:n]))
	}
}

func (w *watcher) burst(ctx context.Context, alone []Photo) Burst {
	b := Burst{N: len(alone)}
	for _, p := range alone {
		b.Alone = cmp.Or(b.Alone, p.Answer)
	}
	if b.Alone != "" {
		return b
	}
	together := make([]Photo, len(alone))
	var wg sync.WaitGroup
	for n := range alone {
		wg.Go(func() { together[n] = w.photo(ctx, n) })
	}
	wg.Wait()
	for n, p := range together {
		switch {
		case !p.Portrait:
			b.Failed = append(b.Failed, p.Answer)
		case !similar(p.picture, alone[n].picture):
			b.Different++
		}
	}
	_, _, err := w.ready(ctx)
	b.Silent = err != nil
	return b
}

// tolerance is the average difference, of 255, between equal portraits: models
// do not always compute in the same order.
const tolerance = 3

// similar compares every fourth pixel of every fourth line.
func similar(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	first, _, err := image.Decode(bytes.NewReader(a))
	second, _, otherErr := image.Decode(bytes.NewReader(b))
	if err != nil || otherErr != nil || first.Bounds() != second.Bounds() {
		return false
	}
	var sum, count int64
	for y := first.Bounds().Min.Y; y < first.Bounds().Max.Y; y += 4 {
		for x := first.Bounds().Min.X; x < first.Bounds().Max.X; x += 4 {
			r1, g1, b1, a1 := first.At(x, y).RGBA()
			r2, g2, b2, a2 := second.At(x, y).RGBA()
			for _, pair := range [][2]uint32{{r1, r2}, {g1, g2}, {b1, b2}, {a1, a2}} {
				sum += max(int64(pair[0])-int64(pair[1]), int64(pair[1])-int64(pair[0])) >> 8
				count++
			}
		}
	}
	return sum <= tolerance*count
}
