package term

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// veil stands for what is hidden.
const veil = "•••"

// shortestHidden is the length, in bytes, of the shortest text that is hidden:
// without "1" and "yes" nothing that is said could be read.
const shortestHidden = 4

// Hide keeps a secret out of all that is said from now on. Others' errors quote
// it in the ways of Go and JSON, or up to a NUL byte, where C ends it.
func (ui *UI) Hide(secret string) {
	ui.hiding.Lock()
	defer ui.hiding.Unlock()
	beforeNUL, _, _ := strings.Cut(secret, "\x00")
	forms := []string{secret, beforeNUL, unquoted(strconv.Quote(secret)), unquoted(strconv.QuoteToASCII(secret))}
	if text, err := json.Marshal(secret); err == nil {
		forms = append(forms, unquoted(string(text)))
	}
	for _, form := range forms {
		if len(form) >= shortestHidden && !slices.Contains(ui.hidden, form) {
			ui.hidden = append(ui.hidden, form)
		}
	}
	// A longer one may contain a shorter one.
	slices.SortStableFunc(ui.hidden, func(a, b string) int { return len(b) - len(a) })
}

func unquoted(text string) string { return text[1 : len(text)-1] }

// plain is a text as it may be said.
func (ui *UI) plain(format string, args ...any) string {
	text := fmt.Sprintf(format, args...)
	ui.hiding.Lock()
	defer ui.hiding.Unlock()
	for _, secret := range ui.hidden {
		text = strings.ReplaceAll(text, secret, veil)
	}
	return Plain(text)
}
