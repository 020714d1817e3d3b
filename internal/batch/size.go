package batch

import (
	"strconv"
	"strings"

	"github.com/djok/facecraft/internal/fault"
)

// ParseSize reads 648x800, or 648 for a square, in pixels.
func ParseSize(text string) (width, height int, err error) {
	w, h, both := strings.Cut(strings.ToLower(text), "x")
	if !both {
		h = w
	}
	width, errW := strconv.Atoi(w)
	height, errH := strconv.Atoi(h)
	if errW != nil || errH != nil {
		return 0, 0, fault.New(fault.Usage, "write it as 648x648", "%q is not a size", text)
	}
	return width, height, nil
}
