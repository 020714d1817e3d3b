package term

import (
	"bytes"
	"testing"
)

func TestWrap(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"short":                            "short",
		"one two three four five":          "one two three four\nfive",
		"exactly twenty chars\n":           "exactly twenty chars\n",
		"  why  one two three four five":   "  why  one two three\n       four five",
		"  indented one two three":         "  indented one two\n  three",
		"http://127.0.0.1:8000/docs is it": "http://127.0.0.1:8000/docs\nis it",
		"é é é é é é é é é é é":            "é é é é é é é é é é\né",
		"a very long first column  one":    "a very long first\ncolumn  one",
		"--no-open --max-download 6GB":     "--no-open\n--max-download 6GB",
		"first line\nand a second that is": "first line\nand a second that is",
	} {
		if got := wrap(text, 20); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
	var out bytes.Buffer
	if text := "much longer than any terminal, but not written to one, and therefore it stays on one line, however " +
		"long it becomes"; Wrap(
		&out,
		text,
	) != text {
		t.Errorf("wrapped: %q", Wrap(&out, text))
	}
}
