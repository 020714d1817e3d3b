package shell

import (
	"strings"
	"testing"
)

func env(name string) (string, bool) {
	value, ok := map[string]string{"DIR": "/models", "EMPTY": ""}[name]
	return value, ok
}

// show is what a test compares: the words, and what hides a failure.
func show(commands []*Command) string {
	var lines []string
	for _, c := range commands {
		var words []string
		for _, w := range c.Words {
			words = append(words, strings.ReplaceAll(w.Text, Unknown, "?"))
		}
		line := strings.Join(words, " ")
		if c.Lost != "" {
			line += " [" + c.Lost + "]"
		}
		if c.Plain {
			line += " +"
		}
		if c.Captured {
			line = "$(" + line + ")"
		}
		if c.Output != nil {
			line += " > " + c.Output.Text
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func TestParse(t *testing.T) {
	for script, want := range map[string]string{
		"a 'b c' \"$DIR/x\" ${EMPTY:-d} $NEW": "a b c /models/x d ? +",
		"a && b | c && d":                     "a +\nb [" + ByPipe + "]\nc\nd +",
		"set -eo pipefail; b | c":             "set -eo pipefail [" + bySemicolon + "]\nb\nc",
		"a; b":                                "a [" + bySemicolon + "]\nb",
		"set -e; a; b":                        "set -e [" + bySemicolon + "]\na\nb",
		"set -e; a && b; c":                   "set -e [" + bySemicolon + "]\na [" + byAnd + "]\nb\nc",
		"set -e; a && b":                      "set -e [" + bySemicolon + "]\na\nb",
		"a || true":                           "a [" + byOr + "]\ntrue",
		"a || exit 1; b":                      "a\nexit 1 [" + bySemicolon + "]\nb",
		"a || (echo no && exit 1)":            "a\necho no\nexit 1",
		"a || b":                              "a\nb",
		"a & b":                               "a [" + byBackground + "]\nb",
		"if a; then b; fi":                    "a\nb",
		"for f in x y; do a $f; done":         "a ? [" + byLoop + "]",
		"V=1 && a $V":                         "a 1 +",
		"export V=1; a $V":                    "a 1",
		"x=$(a -s b) && c $x":                 "$(a -s b)\nc ? +",
		"sudo -E env A=1 a b":                 "a b +",
		`bash -o pipefail -c "a $DIR | b"`:    "a /models\nb",
		"a > out 2>&1":                        "a + > out",
		"a \\\n  b":                           "a b +",
		"f() { a; }; f":                       "a\nf",
	} {
		commands, err := Parse(script, Options{Getenv: env})
		if got := show(commands); err != nil || got != want {
			t.Errorf("%q:\n%s\nwant\n%s\n%v", script, got, want, err)
		}
	}
}

func TestOffsets(t *testing.T) {
	script := "apt update && \\\n  pip install 'torch==2' x"
	commands, err := Parse(script, Options{})
	if err != nil {
		t.Fatal(err)
	}
	word := commands[1].Words[2]
	if got := script[word.From:word.To]; got != "'torch==2'" || word.Text != "torch==2" {
		t.Errorf("%q is %q", got, word.Text)
	}
}

func TestHereDocument(t *testing.T) {
	commands, err := Parse("python3 - <<'X'\nnew_session()\nX\n", Options{})
	if err != nil || commands[0].Input != "new_session()\n" {
		t.Errorf("%q, %v", commands[0].Input, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, script := range []string{"a | b || c && d; e &", "bash -c 'bash -c \"a; $(b)\"'", "a <<X\nb\nX\n", "${a:-${b}}",
		"set -e\nfor i in a; do b; done"} {
		f.Add(script)
	}
	f.Fuzz(func(t *testing.T, script string) {
		commands, err := Parse(script, Options{Getenv: env})
		if err != nil {
			return
		}
		for _, c := range commands {
			for _, w := range c.Words {
				if w.From < 0 || w.To > len(script) || w.From > w.To {
					t.Errorf("%q: word %q from %d to %d", script, w.Text, w.From, w.To)
				}
			}
		}
	})
}
