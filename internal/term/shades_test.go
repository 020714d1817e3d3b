package term

import (
	"math"
	"strconv"
	"strings"
	"testing"
)

// TestShades have the contrast that WCAG asks of graphics, 3:1, on black and on
// white. (https://www.w3.org/TR/WCAG21/#non-text-contrast)
func TestShades(t *testing.T) {
	t.Parallel()
	for _, shade := range shades {
		n, err := strconv.Atoi(strings.TrimPrefix(shade, "38;5;"))
		if err != nil {
			t.Fatal(err)
		}
		light := luminance(n)
		if black, white := (light+0.05)/0.05, 1.05/(light+0.05); black < 3 || white < 3 {
			t.Errorf("colour %d: %.1f on black, %.1f on white", n, black, white)
		}
	}
}

// luminance is that of a colour of xterm's palette, relative to white.
func luminance(n int) float64 {
	levels := []float64{0, 95, 135, 175, 215, 255}
	cube := n - 16
	red, green, blue := levels[cube/36%6], levels[cube/6%6], levels[cube%6]
	if n >= 232 {
		red, green, blue = float64(8+(n-232)*10), float64(8+(n-232)*10), float64(8+(n-232)*10)
	}
	linear := func(c float64) float64 {
		if c /= 255; c <= 0.03928 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(red) + 0.7152*linear(green) + 0.0722*linear(blue)
}
