package term

import (
	"bytes"
	"strings"
	"testing"
)

func TestNamesCannotControlTheTerminal(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Größe 日本 👩‍🚀.jpg": "Größe 日本 👩‍🚀.jpg", "a b\u202f.jpg": "a b\u202f.jpg", "": `""`, "a\nb": `"a\nb"`,
		"\x1b[31m": `"\x1b[31m"`, "\xff": `"\xff"`, "gpj\u202e.exe": `"gpj\u202e.exe"`,
	} {
		if got := Name(name); got != want {
			t.Errorf("Name(%q) = %s, want %s", name, got, want)
		}
	}
	if got := Plain("a\x1b]0;title\a\nb\tc\r"); got != "a\ufffd]0;title\ufffd\nb\tc\ufffd" {
		t.Errorf("Plain returns %q", got)
	}
	var out bytes.Buffer
	New(&out, func(string) string { return "" }, false).Warn("%s", "\x1b[2J")
	if strings.Contains(out.String(), "\x1b") {
		t.Errorf("the output is %q", out.String())
	}
}

func TestPicture(t *testing.T) {
	t.Parallel()
	png := bytes.Repeat([]byte("picture"), 1000)
	env := func(set map[string]string) func(string) string { return func(name string) string { return set[name] } }
	show := func(terminal bool, set map[string]string) (string, bool) {
		var out bytes.Buffer
		shown := (&UI{err: &out, terminal: terminal}).Picture(png, env(set))
		return out.String(), shown
	}
	out, shown := show(true, map[string]string{"TERM": "xterm-kitty"})
	if !shown || !strings.HasPrefix(out, "\x1b_Ga=T,f=100,q=2,r=12,m=1;") || strings.Count(out, "\x1b_G") != 3 ||
		strings.Count(out, "m=0;") != 1 {
		t.Errorf("kitty: %v %.60q", shown, out)
	}
	out, shown = show(true, map[string]string{"TERM_PROGRAM": "iTerm.app"})
	if !shown || !strings.HasPrefix(out, "\x1b]1337;File=inline=1;size=7000;") || !strings.HasSuffix(out, "\a\n") {
		t.Errorf("iTerm2: %v %.60q", shown, out)
	}
	for _, c := range []struct {
		terminal bool
		set      map[string]string
	}{{false, map[string]string{"TERM": "xterm-kitty"}}, {true, map[string]string{"TERM": "xterm-256color"}},
		{true, map[string]string{"TERM": "xterm-kitty", "TMUX": "x"}}} {
		if out, shown := show(c.terminal, c.set); shown || out != "" {
			t.Errorf("%v: %.60q", c, out)
		}
	}
}
