package term

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// veil replaces a hidden text.
const veil = "•••"

// shortestHidden is the minimum length of a hidden text, in bytes. Masking every
// "1" or "yes" would make messages unreadable.
const shortestHidden = 4

// Hide masks a secret in all later messages. Errors from elsewhere may quote it
// as Go or JSON does, or cut it at a NUL byte, as C does.
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
	// Longest first: a secret may contain a shorter one.
	slices.SortStableFunc(ui.hidden, func(a, b string) int { return len(b) - len(a) })
}

func unquoted(text string) string { return text[1 : len(text)-1] }

// plain formats a message, masking secrets and control characters.
func (ui *UI) plain(format string, args ...any) string {
	text := fmt.Sprintf(format, args...)
	ui.hiding.Lock()
	defer ui.hiding.Unlock()
	for _, secret := range ui.hidden {
		text = strings.ReplaceAll(text, secret, veil)
	}
	return Plain(text)
}
