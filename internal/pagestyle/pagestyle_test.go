package pagestyle

import (
	"regexp"
	"strings"
	"testing"
)

// TestEveryColourHasADarkOne: a page never mixes the two.
func TestEveryColourHasADarkOne(t *testing.T) {
	t.Parallel()
	light, dark, ok := strings.Cut(string(CSS), "@media (prefers-color-scheme: dark)")
	if !ok {
		t.Fatal("no dark colours")
	}
	dark, _, _ = strings.Cut(dark, "\n}")
	for _, token := range regexp.MustCompile(`(--[\w-]+): #`).FindAllStringSubmatch(light, -1) {
		if !strings.Contains(dark, token[1]+": #") {
			t.Errorf("%s has no dark colour", token[1])
		}
	}
}

// TestNothingIsLoaded: the pages work without a network, and are one file.
func TestNothingIsLoaded(t *testing.T) {
	t.Parallel()
	for _, loads := range []string{"url(", "@import", "http", "</"} {
		if strings.Contains(string(CSS), loads) {
			t.Errorf("the style contains %q", loads)
		}
	}
}
