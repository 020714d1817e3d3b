package yamltext

import (
	"strings"
	"testing"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
	kubernetes "sigs.k8s.io/yaml"
)

// TestRoundTrip parses what was written.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "plain", `a"b'c\d`, "a: b #c", "one\ntwo", "one\n  two\nthree", " led\nby a space",
		"trailing\n", "tab\tin\nit", "é\n\u2028", "- x\n- y",
		strings.Repeat("long: #\"text' ", 20) + "end", strings.Repeat("two  spaces ", 20), strings.Repeat("trailing ", 20),
		"# " + strings.Repeat("x ", 80) + "y"} {
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

// parsers are the YAML parsers of Compose and Kubernetes.
var parsers = map[string]func([]byte, any) error{
	"yaml.v3":    yaml.Unmarshal,
	"kubernetes": func(file []byte, v any) error { return kubernetes.UnmarshalStrict(file, v) },
}

// checkReadBack has every parser read a text as a value, folded, and in
// comments.
func checkReadBack(t *testing.T, text string) {
	t.Helper()
	quoted, err := Quote(text)
	if !utf8.ValidString(text) {
		if err == nil {
			t.Errorf("%q was written as %s", text, quoted)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	folded, err := Fold(4, text)
	if err != nil {
		t.Fatal(err)
	}
	for _, written := range []string{quoted, folded} {
		file := Wrap("# ", text) + "\n# " + Line(text) + "\n  x: " + written + "\n  # " + Line(text) + "\n  z: end\n"
		for name, unmarshal := range parsers {
			var back map[string]string
			if err := unmarshal([]byte(file), &back); err != nil {
				t.Fatalf("%s of %q: %v\n%q", name, text, err, file)
			}
			if back["x"] != text || back["z"] != "end" {
				t.Fatalf("%s: %q came back as %q", name, text, back)
			}
		}
	}
}

// TestEveryCharacter covers all characters that parsers treat specially.
func TestEveryCharacter(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("so long that it is folded ", 5)
	for r := rune(0); r < 0x2100; r++ {
		checkReadBack(t, "a"+string(r)+"b")
		checkReadBack(t, string(r)+long+string(r)+"b")
	}
	for _, r := range []rune{0xd7ff, 0xe000, 0xfdd0, 0xfeff, 0xfffd, 0xfffe, 0xffff, 0x1f600, 0xe0001, 0x10ffff} {
		checkReadBack(t, "a"+string(r)+"b")
		checkReadBack(t, long+string(r)+long)
	}
	checkReadBack(t, "Latin-1: \xfc")
}

// TestNames: names as keys and as list items.
func TestNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"FACECRAFT_DEVICE", "a.b-c", "_", "y", "N", "Yes", "no", "ON", "off", "true", "False",
		"NULL", "yesterday"} {
		written, err := Name(name)
		if err != nil {
			t.Fatal(err)
		}
		for parser, unmarshal := range parsers {
			var back map[string]any
			file := "keys:\n  " + written + ": x\nlist:\n  - " + written + "\n"
			if err := unmarshal([]byte(file), &back); err != nil {
				t.Fatalf("%s of %s: %v", parser, name, err)
			}
			keys, _ := back["keys"].(map[string]any)
			if list := back["list"].([]any); keys[name] != "x" || list[0] != name {
				t.Errorf("%s: %s came back as %v", parser, name, back)
			}
		}
	}
}

// FuzzQuote: parsers accept every quoted text and read it back unchanged.
func FuzzQuote(f *testing.F) {
	f.Add("one\x7f\u0085two \ufeff\n  three: 'x' # \"y\"")
	f.Add(strings.Repeat("word ", 40) + "\x1b[31m")
	f.Fuzz(checkReadBack)
}
