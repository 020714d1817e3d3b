package batch

import (
	"encoding/hex"
	"strings"

	"golang.org/x/image/colornames"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/fault"
)

// ParseColour parses #rrggbb and #rgb, with or without the #, and the colour
// names of SVG.
func ParseColour(text string) (api.Colour, error) {
	if named, ok := colornames.Map[strings.ToLower(text)]; ok {
		return api.Colour{named.R, named.G, named.B}, nil
	}
	digits := strings.TrimPrefix(text, "#")
	if len(digits) == 3 {
		digits = strings.Join([]string{digits[:1], digits[:1], digits[1:2], digits[1:2], digits[2:], digits[2:]}, "")
	}
	data, err := hex.DecodeString(digits)
	if err != nil || len(data) != len(api.Colour{}) {
		return api.Colour{}, fault.New(
			fault.Usage,
			"use a name such as white, or '#f0f0f0' in quotes, because the shell treats # as a comment",
			"%q is not a colour",
			text,
		)
	}
	return api.Colour(data), nil
}
