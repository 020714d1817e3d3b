package term

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Wrap wraps text at word boundaries to fit the terminal. Continuation lines are
// aligned with the last column of the line; columns are separated by two or more
// spaces. If the stream is not a terminal, the text is returned unchanged.
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

// lastColumn returns where the last column of a line begins.
func lastColumn(line string) int {
	line = strings.TrimRight(line, " ")
	before := line[:strings.LastIndex(line, "  ")+1]
	if before != "" {
		before += " "
	}
	return utf8.RuneCountInString(before)
}

// WrapLine wraps a line at width characters. Only longer words, such as URLs,
// exceed it. All but the first line are indented.
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
