package yamltext

import (
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestRoundTrip reads back what was written.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "plain", `a"b'c\d`, "a: b #c", "one\ntwo", "one\n  two\nthree", " led\nby a space", "trailing\n", "tab\tin\nit", "é\n\u2028", "- x\n- y",
		strings.Repeat("long: #\"text' ", 20) + "end", strings.Repeat("two  spaces ", 20), strings.Repeat("trailing ", 20), "# " + strings.Repeat("x ", 80) + "y"} {
		quoted, err := Quote(text)
		if err != nil {
			t.Fatal(err)
		}
		folded, err := Fold(4, text)
		if err != nil {
			t.Fatal(err)
		}
		for _, written := range []string{quoted, folded} {
			var back map[string]string
			if err := yaml.Unmarshal([]byte("  x: "+written+"\n  y: end\n"), &back); err != nil {
				t.Fatalf("%q: %v\n%s", text, err, written)
			}
			if back["x"] != text || back["y"] != "end" {
				t.Errorf("%q came back as %q", text, back)
			}
		}
	}
}

func TestWrap(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("word ", 60) + strings.Repeat("x", 200) + "\nservices: {}"
	wrapped := Wrap("# ", text)
	for line := range strings.Lines(wrapped) {
		if !strings.HasPrefix(line, "# ") {
			t.Errorf("outside the comment: %q", line)
		}
		if len(line) > width+1 && strings.Contains(strings.TrimSpace(line[2:]), " ") {
			t.Errorf("too long: %q", line)
		}
	}
	if got := strings.Join(strings.Fields(strings.ReplaceAll(wrapped, "# ", " ")), " "); got != Line(text) {
		t.Errorf("words were lost: %q", got)
	}
}
