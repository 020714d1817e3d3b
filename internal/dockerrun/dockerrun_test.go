package dockerrun_test

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/dockerrun"
	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/golden"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/plantest"
)

func TestRender(t *testing.T) {
	t.Parallel()
	for name, p := range plantest.Samples(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, _ := dockerrun.Render(p, "v1.2.3")
			if strings.Contains(got, plantest.SecretValue) {
				t.Error("the command contains a secret")
			}
			golden.Compare(t, filepath.Join("testdata", name+".sh"), got)
			compareWords(t, p, got)
		})
	}
}

// compareWords has a shell parse the commands, and looks for the plan's values
// in docker's arguments.
func compareWords(t *testing.T, p plan.Plan, lines string) {
	t.Helper()
	c := p.Front()
	var words []string
	for _, line := range shellLines(t, lines) {
		words = append(words, line...)
	}
	expected := []string{c.Image.Pinned(), c.User}
	if c.Health.Test[0] == "CMD-SHELL" {
		expected = append(expected, c.Health.Test[1])
	}
	for _, e := range c.Env {
		expected = append(expected, e.Name+"="+e.Value)
	}
	if c.KeyFile != "" {
		expected = append(expected, "type=bind,source=/path/to my/keys,target="+c.KeyFile+",readonly")
	}
	for _, want := range expected {
		if !slices.Contains(words, want) {
			t.Errorf("missing word %q in %q", want, words)
		}
	}
	want := len(p.Containers)
	if p.Gateway() != nil {
		want++ // their network
	}
	if got := len(shellLines(t, lines)); got != want {
		t.Errorf("%d commands, want %d", got, want)
	}
}

// shellLines runs the script with a docker that prints its arguments.
func shellLines(t *testing.T, script string) [][]string {
	t.Helper()
	sh, err := exec.LookPath("sh")
	dockertest.Need(t, err, "a POSIX shell")
	cmd := exec.Command(sh, "-c", `docker() { printf '%s\0' docker "$@"; printf '\1'; }; `+script)
	cmd.Env = []string{"HOME=/must/not/appear", "FACECRAFT_API_KEY_FILE=/path/to my/keys"}
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v in\n%s", err, script)
	}
	var commands [][]string
	for command := range strings.SplitSeq(strings.TrimSuffix(string(output), "\x01"), "\x01") {
		commands = append(commands, strings.Split(strings.TrimSuffix(command, "\x00"), "\x00"))
	}
	return commands
}

func TestQuote(t *testing.T) {
	t.Parallel()
	words := []string{"plain", "", "two words", "it's", `"`, "$HOME", "`id`", `\`, "*", "~", "a;b", "a&b", "a|b", "#c",
		"!!", "é", "new\nline", "-x", "''", "{a,b}",
		"\x1b[31m", "tab\tand\rreturn", "\x7f", "\u0085\u202e\ufeff", "Latin-1: \xfc", "\ufffd", "it's \x03 '\x04'\n"}
	var quoted []string
	for _, word := range words {
		quoted = append(quoted, dockerrun.Quote(word))
	}
	if strings.ContainsFunc(strings.Join(quoted, " "), unseen) {
		t.Errorf("contains characters that act as keystrokes: %q", quoted)
	}
	got := shellLines(t, "docker "+strings.Join(quoted, " "))
	if len(got) != 1 || !slices.Equal(got[0][1:], words) {
		t.Errorf("the shell read %q, want %q", got, words)
	}
}

func unseen(r rune) bool { return r != '\n' && !strconv.IsPrint(r) }

// FuzzQuote: a shell reads every quoted text back unchanged.
func FuzzQuote(f *testing.F) {
	f.Add("it's $HOME")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsAny(text, "\x00\x01") {
			t.Skip("not a valid argument")
		}
		if strings.ContainsFunc(dockerrun.Quote(text), unseen) {
			t.Errorf("%q is quoted as %q, with invisible characters", text, dockerrun.Quote(text))
		}
		if got := shellLines(t, "docker "+dockerrun.Quote(text)); got[0][1] != text {
			t.Errorf("the shell read %q, want %q", got[0][1], text)
		}
	})
}

// TestFieldsRendered fails for a new field of the plan until someone decides
// how to render it.
func TestFieldsRendered(t *testing.T) {
	t.Parallel()
	const comment = "it only informs people, and a command has no comments"
	const image = "docker run cannot set a health check without a shell, and the image's is for a server"
	p := plantest.Make(t, plantest.Laptop(), plan.Request{})
	render := func(p plan.Plan) string {
		lines, _ := dockerrun.Render(p, "v1.2.3")
		return lines
	}
	gateway := plantest.Make(t, plantest.Laptop(), plan.Request{Gateway: new(true)})
	plantest.Rendered(t, gateway, render, map[string]string{
		"Needs.StartSeconds": comment, "Needs.UnpackedSize": comment, "Needs.Memory": comment,
		"Reasons": comment, "Warnings": comment, "Settings": comment,
		"Health.Test": image, "Health.IntervalSeconds": image, "Health.TimeoutSeconds": image,
		"Health.StartSeconds": image, "Health.Retries": image,
	})
	plantest.Rendered(t, p, render, map[string]string{
		"Needs.StartSeconds": comment, "Needs.UnpackedSize": comment, "Needs.Memory": comment,
		"Reasons": comment, "Warnings": comment, "Settings": comment,
		"Health.Test": "only its first two words: without a shell, the image's health check is used",
	})
}
