package term

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Wrap breaks a text's lines between words where a terminal would break them
// anywhere. What follows a break goes on below the line's last column; columns
// are two spaces or more apart. For another stream the text stays as it is.
func Wrap(stream any, text string) string {
	if !IsTerminal(stream) {
		return text
	}
	return wrap(text, Width(stream))
}

func wrap(text string, width int) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = WrapLine(line, width, lastColumn(line))
	}
	return strings.Join(lines, "\n")
}

// lastColumn is where the last column of a line begins.
func lastColumn(line string) int {
	line = strings.TrimRight(line, " ")
	before := line[:strings.LastIndex(line, "  ")+1]
	if before != "" {
		before += " "
	}
	return utf8.RuneCountInString(before)
}

// WrapLine breaks a line so that its parts have at most width characters,
// unless a word alone has more, such as an address. All but the first part
// are indented.
func WrapLine(line string, width, indent int) string {
	if indent > width/2 {
		indent = 0
	}
	margin := []rune(strings.Repeat(" ", indent))
	rest := []rune(strings.TrimRight(line, " "))
	var parts []string
	for len(rest) > width {
		at := 0
		for i := indent + 1; i < len(rest) && (i <= width || at == 0); i++ {
			if rest[i] == ' ' {
				at = i
			}
		}
		if at == 0 {
			break
		}
		parts = append(parts, strings.TrimRight(string(rest[:at]), " "))
		rest = slices.Concat(margin, rest[at+1:])
	}
	return strings.Join(append(parts, string(rest)), "\n")
}
