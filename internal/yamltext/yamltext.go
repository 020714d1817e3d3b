// Package yamltext formats text for YAML templates, which are used because an
// encoder would lose the comments.
package yamltext

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// width is the maximum line length of wrapped comments.
const width = 96

// Quote makes a string safe as a YAML value. It uses JSON's quoting and also
// escapes what JSON allows but YAML parsers reject: non-ASCII control
// characters, byte order marks, noncharacters. Text that is not UTF-8 is an
// error, because YAML cannot express it.
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

// notNames matches plain words that some version of YAML does not treat as
// text: https://yaml.org/type/bool.html, https://yaml.org/type/null.html
var notNames = regexp.MustCompile(`(?i)^(y|n|yes|no|on|off|true|false|null)$`)

// Name formats a variable's name, quoted only if YAML would not treat it as
// text.
func Name(name string) (string, error) {
	if notNames.MatchString(name) {
		return Quote(name)
	}
	return name, nil
}

// visible replaces invisible characters with YAML's escapes for double quotes:
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

// Fold breaks a long text into several indented lines, which YAML joins with
// spaces. Text that would not survive that is quoted.
func Fold(indent int, text string) (string, error) {
	if indent+len(text) <= width || text != Line(text) || !utf8.ValidString(text) {
		return Quote(text)
	}
	margin := strings.Repeat(" ", indent)
	return ">-\n" + Wrap(margin, text), nil
}

// Line makes any text safe for a one-line comment: parsers reject control
// characters even in comments.
func Line(text string) string {
	return visible(strings.Join(strings.Fields(strings.ToValidUTF8(text, "\ufffd")), " "))
}

// Wrap breaks a text into comment lines, each with the prefix.
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
