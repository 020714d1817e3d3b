package batch

import (
	"testing"

	"github.com/djok/facecraft/internal/api"
)

func TestParseColour(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]api.Colour{
		"#f0f1F2": {0xf0, 0xf1, 0xf2}, "102030": {0x10, 0x20, 0x30}, "#fff": {255, 255, 255}, "1aB": {0x11, 0xaa, 0xbb},
		"white": {255, 255, 255}, "RebeccaPurple": {}, "LightGrey": {211, 211, 211}, "lightgray": {211, 211, 211},
		"Red": {255, 0, 0},
		"":    {}, "#": {}, "#ff": {}, "#ffff": {}, "#fffff": {}, "#ggg": {}, "äöü": {}, "##fff": {}, "#ff0000ff": {},
	} {
		got, err := ParseColour(text)
		if got != want || (err == nil) != (want != api.Colour{}) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}
