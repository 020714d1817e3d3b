package term

import (
	"golang.org/x/term"
)

// Painter colours text for a stream, if that is a terminal with colours.
type Painter struct{ colour bool }

// NewPainter returns the painter for a stream.
func NewPainter(stream any, getenv func(string) string) Painter {
	return Painter{colour: wantsColour(stream, getenv)}
}

// wantsColour honours https://no-color.org.
func wantsColour(stream any, getenv func(string) string) bool {
	return IsTerminal(stream) && getenv("TERM") != "dumb" && getenv("NO_COLOR") == "" && understandsEscapes(stream)
}

func paint(colour bool, s style, text string) string {
	if !colour {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// Bold and the other methods style text.
func (p Painter) Bold(text string) string   { return paint(p.colour, bold, text) }
func (p Painter) Dim(text string) string    { return paint(p.colour, dim, text) }
func (p Painter) Red(text string) string    { return paint(p.colour, red, text) }
func (p Painter) Green(text string) string  { return paint(p.colour, green, text) }
func (p Painter) Yellow(text string) string { return paint(p.colour, yellow, text) }

// shades are colours of the 256 that can be told from each other, and from a
// black and a white background.
var shades = []string{
	"38;5;33",
	"38;5;167",
	"38;5;99",
	"38;5;28",
	"38;5;103",
	"38;5;30",
	"38;5;170",
	"38;5;136",
	"38;5;245",
	"38;5;162",
	"38;5;166",
	"38;5;130",
	"38;5;160",
	"38;5;160",
}

// Shade colours part n of a chart.
func (p Painter) Shade(n int, text string) string {
	return paint(p.colour, style(shades[n%len(shades)]), text)
}

// Width returns the width of a terminal in characters, or 80 if the stream is
// not a terminal.
func Width(stream any) int {
	if file, ok := stream.(descriptor); ok {
		if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return 80
}
