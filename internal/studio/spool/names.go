package spool

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxName limits each part of a name, in bytes: systems allow 255, and a
	// portrait's name is longer than its photo's.
	maxName = 200
	// maxDepth limits the folders of a name.
	maxDepth = 8
	// nameless is the name of a photo without a usable name.
	nameless = "photo"
)

// SafeName turns any text into a relative path, with slashes, that is valid on
// every system: it cannot leave its folder, and has no hidden files, no devices
// and no characters that control a terminal or a page.
func SafeName(text string) string {
	var parts []string
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == '/' || r == '\\' }) {
		if part = safePart(part); part != "" {
			parts = append(parts, part)
		}
	}
	if len(parts) > maxDepth {
		parts = parts[len(parts)-maxDepth:]
	}
	if len(parts) == 0 {
		return nameless
	}
	return path.Join(parts...)
}

// SafeTitle is SafeName for the name of a portrait: a single part.
func SafeTitle(text string) string {
	return safePart(strings.Map(func(r rune) rune {
		if r == '/' || r == '\\' {
			return '-'
		}
		return r
	}, text))
}

func safePart(part string) string {
	part = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError || unicode.Is(unicode.C, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r):
			return -1 // control characters, and those that change the direction of text
		case strings.ContainsRune(`<>:"|?*`, r):
			return '_'
		}
		return r
	}, part)
	part = strings.TrimLeft(part, ". ")
	if len(part) > maxName {
		ending := path.Ext(part)
		if len(ending) > maxName/2 {
			ending = ""
		}
		part = cut(part, maxName-len(ending)) + ending
	}
	part = strings.TrimRight(part, ". ")
	if stem, _, _ := strings.Cut(part, "."); devices[strings.ToUpper(strings.TrimSpace(stem))] {
		part = "_" + part
	}
	return part
}

// cut shortens a text to at most n bytes, between characters.
func cut(text string, n int) string {
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// devices are the names that Windows reserves, with any extension.
// (https://learn.microsoft.com/windows/win32/fileio/naming-a-file)
var devices = func() map[string]bool {
	names := map[string]bool{"CON": true, "PRN": true, "AUX": true, "NUL": true}
	for _, number := range "0123456789¹²³" {
		names["COM"+string(number)], names["LPT"+string(number)] = true, true
	}
	return names
}()
