package term

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/fault"
)

// TestHide prints a secret in every form and through every method.
func TestHide(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{"hunter2", "two\nlines", "quo\"ted\\", "a nul\x00byte", "grün&<>",
		"longer hunter2 too"} {
		var out bytes.Buffer
		ui := New(&out, func(string) string { return "" }, false)
		ui.Hide("hunter2")
		ui.Hide(secret)
		text, err := json.Marshal(secret)
		if err != nil {
			t.Fatal(err)
		}
		for _, written := range []string{secret, fmt.Sprintf("%q", secret), fmt.Sprintf("%+q", secret), string(text)} {
			ui.Say("A=%s!", written)
			ui.Done("A=%s!", written)
			ui.Warn("A=%s!", written)
			ui.Headline("A=%s!", written)
			ui.Progress("A=%s!", written)
			ui.ProgressBar(1, 2, "A=%s!", written)
			ui.Table([][2]string{{"A=" + written + "!", "A=" + written + "!"}})
			ui.Fail(fault.Wrap(fault.Failed, errors.New("A="+written+"!"), "A="+written+"!", "it broke"))
		}
		for _, part := range []string{"hunter", "lines", "ted", "byte", "gr", "longer"} {
			if strings.Contains(out.String(), part) {
				t.Errorf("%q: the output has %q:\n%s", secret, part, &out)
			}
		}
		if !strings.Contains(out.String(), "A=•••!") {
			t.Errorf("%q: the output is\n%s", secret, &out)
		}
	}
}

// TestHideShort does not mask texts that occur everywhere.
func TestHideShort(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	ui := New(&out, func(string) string { return "" }, false)
	ui.Hide("")
	ui.Hide("1")
	ui.Say("exit code 1")
	if out.String() != "exit code 1\n" {
		t.Errorf("the output is %q", &out)
	}
}
