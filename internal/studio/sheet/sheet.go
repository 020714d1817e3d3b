// Package sheet lays portraits out on photo paper, in pure Go: as many as fit, at
// 300 dots per inch, with marks to cut along.
package sheet

import (
	"image"
	"image/color"

	"golang.org/x/image/draw"
)

// dpi is the resolution of photo printers.
const dpi = 300

// mmPerInch is exact.
const mmPerInch = 25.4

// Paper is a size of photo paper, upright.
type Paper struct {
	Name          string
	width, height float64 // in mm
}

// papers are the sizes that photo shops print: 10×15 cm, and 4×6 inches.
var papers = []Paper{{"10x15", 100, 150}, {"4x6", 101.6, 152.4}}

// Names lists the papers.
func Names() (names []string) {
	for _, p := range papers {
		names = append(names, p.Name)
	}
	return names
}

// Find returns the paper with the given name.
func Find(name string) (Paper, bool) {
	for _, p := range papers {
		if p.Name == name {
			return p, true
		}
	}
	return Paper{}, false
}

// WidthOf is how wide a portrait of a preset is on paper, in mm: 2 inches in the
// United States, and 35 mm elsewhere.
func WidthOf(preset string) float64 {
	if preset == "passport-us" {
		return 2 * mmPerInch
	}
	return 35
}

const (
	edge = 3.0 // mm that printers may cut off
	gap  = 2.0 // mm between portraits
)

// Fill returns the paper full of copies of a portrait that is width mm wide. The
// paper is turned if more fit on it. Transparency becomes white.
func (p Paper) Fill(portrait image.Image, width float64) *image.RGBA {
	size := portrait.Bounds().Size()
	height := width * float64(size.Y) / float64(size.X)
	w, h := p.width, p.height
	if fits(h, width)*fits(w, height) > fits(w, width)*fits(h, height) {
		w, h = h, w
	}
	page := image.NewRGBA(image.Rect(0, 0, pixels(w), pixels(h)))
	draw.Draw(page, page.Rect, image.White, image.Point{}, draw.Src)
	columns, rows := max(1, fits(w, width)), max(1, fits(h, height))
	left, top := (w-span(columns, width))/2, (h-span(rows, height))/2
	small := image.NewRGBA(image.Rect(0, 0, pixels(width), pixels(height)))
	draw.Draw(small, small.Rect, image.White, image.Point{}, draw.Src)
	draw.CatmullRom.Scale(small, small.Rect, portrait, portrait.Bounds(), draw.Over, nil)
	for row := range rows {
		for column := range columns {
			at := image.Pt(pixels(left+float64(column)*(width+gap)), pixels(top+float64(row)*(height+gap)))
			place := small.Rect.Add(at)
			mark(page, place)
			draw.Draw(page, place, small, image.Point{}, draw.Src)
		}
	}
	return page
}

// fits is how many pieces of a length fit on a side of the paper, both in mm.
func fits(side, length float64) int { return int((side - 2*edge + gap) / (length + gap)) }

// span is the length of n pieces with the gaps between them.
func span(n int, length float64) float64 { return float64(n)*(length+gap) - gap }

func pixels(mm float64) int { return int(mm/mmPerInch*dpi + 0.5) }

// mark draws lines at the corners of a portrait, to cut along.
func mark(page *image.RGBA, r image.Rectangle) {
	grey := image.NewUniform(color.Gray{160})
	length := pixels(gap / 2)
	line := func(x0, y0, x1, y1 int) {
		draw.Draw(page, image.Rect(x0, y0, x1, y1), grey, image.Point{}, draw.Src)
	}
	for _, x := range []int{r.Min.X, r.Max.X - 1} {
		line(x, r.Min.Y-length, x+1, r.Min.Y)
		line(x, r.Max.Y, x+1, r.Max.Y+length)
	}
	for _, y := range []int{r.Min.Y, r.Max.Y - 1} {
		line(r.Min.X-length, y, r.Min.X, y+1)
		line(r.Max.X, y, r.Max.X+length, y+1)
	}
}
