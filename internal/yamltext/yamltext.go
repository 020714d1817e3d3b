// Package yamltext writes texts into YAML that is rendered by a template, where
// comments matter and an encoder would lose them.
package yamltext

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// width is how long a wrapped comment's lines may be.
const width = 96

// Quote makes a string safe as a YAML value. JSON's quoting is YAML's, but for
// what JSON leaves as it is and YAML's parsers refuse: control characters
// beyond ASCII's, byte order marks, characters that are none. A text that is
// not UTF-8 is an error, for YAML has no way to write it.
func Quote(text string) (string, error) {
	if !utf8.ValidString(text) {
		return "", fmt.Errorf("%q is not UTF-8, so YAML cannot hold it", text)
	}
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(text)
	return visible(strings.TrimSuffix(b.String(), "\n")), err
}

// notNames are plain words that some version of YAML takes for no text:
// https://yaml.org/type/bool.html, https://yaml.org/type/null.html
var notNames = regexp.MustCompile(`(?i)^(y|n|yes|no|on|off|true|false|null)$`)

// Name writes a variable's name, quoted only where YAML would take it for
// something else.
func Name(name string) (string, error) {
	if notNames.MatchString(name) {
		return Quote(name)
	}
	return name, nil
}

// visible writes what cannot be seen as YAML escapes it in double quotes:
// https://yaml.org/spec/1.2.2/#57-escaped-characters
func visible(text string) string {
	if !strings.ContainsFunc(text, hidden) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case !hidden(r):
			b.WriteRune(r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	return b.String()
}

func hidden(r rune) bool { return !strconv.IsPrint(r) }

// Fold writes a long text over several lines, each indented, which YAML joins
// again by spaces. A text that would not come back as it was is quoted.
func Fold(indent int, text string) (string, error) {
	if indent+len(text) <= width || text != Line(text) || !utf8.ValidString(text) {
		return Quote(text)
	}
	margin := strings.Repeat(" ", indent)
	return ">-\n" + Wrap(margin, text), nil
}

// Line keeps a text within its comment, whatever an error's text contains: in
// a comment too, parsers refuse control characters.
func Line(text string) string {
	return visible(strings.Join(strings.Fields(strings.ToValidUTF8(text, "\ufffd")), " "))
}

// Wrap breaks a text into lines of a comment, each after the prefix.
func Wrap(prefix, text string) string {
	var b strings.Builder
	length := 0
	for _, word := range strings.Fields(Line(text)) {
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
