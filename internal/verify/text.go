package verify

import (
	"strconv"
	"strings"

	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/secret"
)

// maxShown is the maximum length of a displayed instruction, in characters.
const maxShown = 100

// maxEvidence is how many files are named for one finding.
const maxEvidence = 5

func itoa(n int) string { return strconv.Itoa(n) }

func bytes(n int64) string { return format.Size(n) }

// short returns the beginning of an instruction on one line, without secrets.
func short(text string) string {
	text = strings.Join(strings.Fields(secret.Mask(text)), " ")
	if runes := []rune(text); len(runes) > maxShown {
		return string(runes[:maxShown-1]) + "…"
	}
	return text
}

// some returns the first items of a list, and how many more there are.
func some(list []string) []string {
	if len(list) <= maxEvidence {
		return list
	}
	return append(list[:maxEvidence:maxEvidence], "and "+itoa(len(list)-maxEvidence)+" more")
}
