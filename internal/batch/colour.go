package batch

import (
	"encoding/hex"
	"strings"

	"golang.org/x/image/colornames"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/fault"
)

// ParseColour reads #rrggbb and #rgb, with the # or without, and the names that
// SVG gives colours.
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
		return api.Colour{}, fault.New(fault.Usage, "write it as white, or as '#f0f0f0', in quotes: a shell takes # for a comment",
			"%q is no colour", text)
	}
	return api.Colour(data), nil
}
