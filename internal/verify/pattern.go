package verify

import (
	"regexp"
	"strings"
)

// pattern is a regular expression for paths. It is tried only on paths that
// contain one of its words: few of a hundred thousand.
type pattern struct {
	words []string // if empty, always tried
	re    *regexp.Regexp
}

func where(words, expression string) pattern {
	return pattern{strings.Fields(words), regexp.MustCompile(expression)}
}

func (p pattern) match(path string) bool {
	if len(p.words) == 0 {
		return p.re.MatchString(path)
	}
	for _, word := range p.words {
		if strings.Contains(path, word) {
			return p.re.MatchString(path)
		}
	}
	return false
}
