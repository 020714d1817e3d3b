// Package yamltext writes texts into YAML that is rendered by a template, where
// comments matter and an encoder would lose them.
package yamltext

import (
	"encoding/json"
	"strings"
	"unicode"
)

// width is how long a wrapped comment's lines may be.
const width = 96

// Quote makes a string safe as a YAML value: JSON's quoting is YAML's.
func Quote(text string) (string, error) {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(text)
	return strings.TrimSuffix(b.String(), "\n"), err
}

// Fold writes a long text over several lines, each indented, which YAML joins
// again by spaces. A text that would not come back as it was is quoted.
func Fold(indent int, text string) (string, error) {
	folds := indent+len(text) > width && text == Line(text) && !strings.ContainsFunc(text, unicode.IsControl)
	if !folds {
		return Quote(text)
	}
	margin := strings.Repeat(" ", indent)
	return ">-\n" + Wrap(margin, text), nil
}

// Line keeps a text within its comment, whatever an error's text contains.
func Line(text string) string { return strings.Join(strings.Fields(text), " ") }

// Wrap breaks a text into lines of a comment, each after the prefix.
func Wrap(prefix, text string) string {
	var b strings.Builder
	length := 0
	for _, word := range strings.Fields(text) {
		switch {
		case length == 0:
			b.WriteString(prefix)
			length = len(prefix)
		case length+1+len(word) > width:
			b.WriteString("\n" + prefix)
			length = len(prefix)
		default:
			b.WriteByte(' ')
			length++
		}
		b.WriteString(word)
		length += len(word)
	}
	return b.String()
}
