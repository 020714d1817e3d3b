package term

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/fault"
)

func nothing(string) string { return "" }

func TestPlain(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	ui := New(&out, nothing, false)
	ui.Progress("downloading %d", 1)
	ui.Progress("downloading %d", 2) // too soon for another line
	ui.Done("image pulled")
	ui.Table([][2]string{{"é", "first"}, {"longer", "second"}})
	ui.Warn("careful")
	ui.Fail(fault.Wrap(fault.Failed, errors.New("why"), "do this", "it broke"))
	want := "downloading 1\n✓ image pulled\n  é       first\n  longer  second\nwarning: careful\nerror: it broke: " +
		"why\nfix: do this\n"
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestQuiet(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	ui := New(&out, nothing, true)
	ui.Progress("downloading")
	ui.Done("done")
	ui.Say("said")
	ui.Headline("headline")
	ui.Table([][2]string{{"a", "b"}})
	if out.Len() != 0 {
		t.Errorf("the output is %q", &out)
	}
	ui.Warn("careful")
	ui.Fail(errors.New("broken"))
	if got := out.String(); got != "warning: careful\nerror: broken\n" {
		t.Errorf("the output is %q", got)
	}
}

// TestTerminal checks rewriting and colours. Real terminals are tested by hand.
func TestTerminal(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	ui := &UI{err: &out, terminal: true, colour: true}
	ui.Progress("%s", strings.Repeat("x", 200))
	if shown := strings.TrimPrefix(out.String(), "\r\x1b[K"); strings.Count(shown, "x") >= 80 {
		t.Errorf("a progress line of %d columns would wrap", strings.Count(shown, "x"))
	}
	out.Reset()
	ui.Done("done")
	if got := out.String(); got != "\r\x1b[K\x1b[32m✓\x1b[0m done\n" {
		t.Errorf("got %q", got)
	}
}

func TestCanOpen(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		variables map[string]string
		os        string
		uid       int
		want      bool
	}{
		"desktop":    {map[string]string{"DISPLAY": ":0"}, "linux", 1000, true},
		"wayland":    {map[string]string{"WAYLAND_DISPLAY": "wayland-0"}, "linux", 1000, true},
		"WSL":        {map[string]string{"WSL_DISTRO_NAME": "Debian"}, "linux", 1000, true},
		"WSL root":   {map[string]string{"WSL_DISTRO_NAME": "Debian"}, "linux", 0, false},
		"no display": {nil, "linux", 1000, false},
		"root":       {map[string]string{"DISPLAY": ":0"}, "linux", 0, false},
		"over SSH":   {map[string]string{"DISPLAY": ":0", "SSH_CONNECTION": "a b"}, "linux", 1000, false},
		"mac":        {nil, "darwin", 501, true},
		"mac by SSH": {map[string]string{"SSH_TTY": "/dev/ttys1"}, "darwin", 501, false},
		"Windows":    {nil, "windows", -1, true},
	} {
		desktop := Desktop{Getenv: func(name string) string { return tt.variables[name] }, OS: tt.os, UID: tt.uid}
		if got := desktop.CanOpen(); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}
