package verify_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/verify"
)

// TestPage needs nothing from elsewhere, and escapes what images say.
func TestPage(t *testing.T) {
	t.Parallel()
	i := sound(t, "cpu")
	i.Target = `x"><script>alert(1)</script>`
	i.file(`app/<img src=x onerror=alert(2)>`, 9).Mode = 0o666
	r := i.judge(t)
	r.Against = r.Compare(sound(t, "cpu").judge(t))
	var out bytes.Buffer
	if err := r.HTML(&out); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	if strings.Contains(text, "<script") || strings.Contains(text, "<img") {
		t.Error("what the image says is part of the page")
	}
	if outside := regexp.MustCompile(`<[^>]+(?:src|href)=|url\(|@import`).FindString(text); outside != "" {
		t.Errorf("the page loads something: %s", outside)
	}
	for _, want := range []string{"Size by cause", "world-writable", "all layers", "Against "} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
	if !verify.IsPage(strings.NewReader(text)) || verify.IsPage(strings.NewReader("<!doctype html>")) {
		t.Error("a page is not recognised")
	}
}
