package term

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestConfirm(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]bool{"\n": true, "y\n": true, "YES \n": true, "n\n": false, "what?\n": false,
		"": false, "y": false} {
		var out bytes.Buffer
		got, err := New(&out, nothing, false).Confirm(t.Context(), strings.NewReader(answer), "download it now?")
		if got != want || err != nil {
			t.Errorf("%q: %v, %v; want %v", answer, got, err, want)
		}
		if !strings.HasPrefix(out.String(), "download it now? [Y/n] ") {
			t.Errorf("asked %q", &out)
		}
	}
}

func TestConfirmLoss(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]bool{"\n": false, "y\n": true, "n\n": false} {
		var out bytes.Buffer
		got, err := New(&out, nothing, false).ConfirmLoss(t.Context(), strings.NewReader(answer), "remove it?")
		if got != want || err != nil || out.String() != "remove it? [y/N] " {
			t.Errorf("%q: %v, %v, asked %q; want %v", answer, got, err, &out, want)
		}
	}
}

func TestConfirmEndsWithItsContext(t *testing.T) {
	t.Parallel()
	silent, writer := io.Pipe()
	defer writer.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := New(io.Discard, nothing, false).Confirm(ctx, silent, "?"); got || !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestNobodyIsAskedWithoutATerminal(t *testing.T) {
	t.Parallel()
	if New(io.Discard, nothing, false).CanAsk(strings.NewReader("y\n")) {
		t.Error("a buffer was taken for a person")
	}
}

func TestProgressBar(t *testing.T) {
	t.Parallel()
	fifty := strings.Repeat("x", 50)
	for _, tt := range []struct {
		terminal    bool
		done, total int64
		text, want  string
	}{
		{true, 0, 8, "text", "░░░░░░░░░░░░░░░░   0 %  text"},
		{true, 3, 8, "text", "██████░░░░░░░░░░  37 %  text"},
		{true, 9, 8, "text", "████████████████ 100 %  text"},
		{true, 3, 0, "text", "text"},
		{false, 3, 8, "text", " 37 %  text"},
		{true, 3, 4, fifty + "12345", "████████████░░░░  75 %  " + fifty + "12345"},
		{true, 3, 4, fifty + "123456", "███░  75 %  " + fifty + "123456"},
		{true, 3, 4, fifty + fifty, "███░  75 %  " + fifty + fifty[:16] + "…"},
	} {
		var out bytes.Buffer
		ui := &UI{err: &out, terminal: tt.terminal}
		ui.ProgressBar(tt.done, tt.total, "%s", tt.text)
		if got := strings.Trim(out.String(), "\r\x1b[K\n"); strings.TrimPrefix(got, "\x1b[K") != tt.want {
			t.Errorf("%d of %d: %q, want %q", tt.done, tt.total, got, tt.want)
		}
	}
}
