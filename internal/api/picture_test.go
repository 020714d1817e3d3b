package api

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"strings"
	"testing"
)

// painted is an image with a noisy centre, like a portrait.
func painted(t *testing.T, format string, width, height int, c Colour, alpha uint8) []byte {
	t.Helper()
	picture := image.NewNRGBA(image.Rect(0, 0, width, height))
	draw.Draw(picture, picture.Rect, image.NewUniform(color.NRGBA{c[0], c[1], c[2], alpha}), image.Point{}, draw.Src)
	random := rand.New(rand.NewPCG(1, 2))
	for y := height / 3; y < height; y++ {
		for x := width / 3; x < width*2/3; x++ {
			picture.Set(x, y, color.NRGBA{uint8(random.Int()), uint8(random.Int()), uint8(random.Int()), 255})
		}
	}
	var data bytes.Buffer
	var err error
	if format == "png" {
		err = png.Encode(&data, picture)
	} else {
		err = jpeg.Encode(&data, picture, &jpeg.Options{Quality: 50})
	}
	if err != nil {
		t.Fatal(err)
	}
	return data.Bytes()
}

func TestExamine(t *testing.T) {
	t.Parallel()
	red := Colour{255, 0, 0}
	flipped := painted(t, "png", 648, 648, red, 255)
	flipped[len(flipped)/2] ^= 1
	half := painted(t, "jpg", 648, 648, red, 255)
	for name, tt := range map[string]struct {
		format string
		data   []byte
		want   string // the error
	}{
		"a PNG":          {"png", painted(t, "png", 648, 648, red, 255), ""},
		"a JPEG":         {"jpg", painted(t, "jpg", 648, 648, red, 255), ""},
		"a flipped byte": {"png", flipped, "the server sent a damaged PNG: png: invalid format: invalid checksum"},
		"wrong size": {"png", painted(t, "png", 512, 512, red, 255),
			"the server sent an image of 512x512 pixels instead of 648x648"},
		"half a JPEG": {"jpg", half[:len(half)/2], "the server sent a damaged JPEG: invalid JPEG format"},
		"nothing":     {"png", nil, "the server sent a damaged PNG: the end is missing"},
		"decompression bomb": {"png",
			[]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x01\x00\x00\x00\x01\x00\x00\x08\x06\x00\x00\x00\x6c\x84\x30\xe3"),
			"65536x65536 pixels instead"},
	} {
		p, err := Examine(bytes.NewReader(tt.data), tt.format, DefaultOptions())
		switch {
		case tt.want == "" && (err != nil || p.Bytes != int64(len(tt.data)) || !p.Plain || !p.Background.Alike(red)):
			t.Errorf("%s: %+v, %v", name, p, err)
		case tt.want != "" && (!errors.As(err, new(*Failed)) || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
}

func TestCheckBytes(t *testing.T) {
	t.Parallel()
	p := Picture{Bytes: 4_300_000}
	if err := p.CheckBytes(0); err != nil {
		t.Error(err)
	}
	if err := p.CheckBytes(4_300_000); err != nil {
		t.Error(err)
	}
	if err := p.CheckBytes(101_376); err == nil ||
		err.Error() != "the server sent an image of 4300000 bytes; the limit is 101376" {
		t.Error(err)
	}
}

// A plain background is recognised.
func TestBackground(t *testing.T) {
	t.Parallel()
	red := Colour{255, 0, 0}
	for name, tt := range map[string]struct {
		data  []byte
		plain bool
	}{
		"plain":       {painted(t, "png", 64, 64, red, 255), true},
		"transparent": {painted(t, "png", 64, 64, red, 0), false},
	} {
		picture, err := png.Decode(bytes.NewReader(tt.data))
		if err != nil {
			t.Fatal(err)
		}
		if c, plain := background(picture); plain != tt.plain || plain && c != red {
			t.Errorf("%s: %v, %v", name, c, plain)
		}
	}
	gradient := image.NewGray(image.Rect(0, 0, 64, 64))
	for x := range 64 {
		gradient.Set(x, 0, color.Gray{uint8(4 * x)})
	}
	if _, plain := background(gradient); plain {
		t.Error("a gradient counts as plain")
	}
	if red.Alike(red.Swapped()) || !red.Alike(Colour{250, 5, 9}) {
		t.Error("wrong comparison of colours")
	}
}
