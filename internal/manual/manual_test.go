package manual_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/manual"
)

var program = manual.Program{Name: "p", Usage: "does it", Description: ".start\nline\n\n  kept  as-is",
	Synopsis: []string{`p a\b`}, ExitCodes: []manual.ExitCode{{Code: 3, Meaning: "no"}},
	Commands: []manual.Command{{Name: "go", Usage: "goes", Arguments: "FILE", Synopsis: []string{"p go a|b"},
		Flags: []manual.Flag{
			{Names: []string{"tag", "t"}, Placeholder: "TAG", Usage: "a|b", Variables: []string{"P_TAG"}}}}}}

// TestManIsValid has groff read the pages.
func TestManIsValid(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("groff"); err != nil {
		if os.Getenv("FACECRAFT_E2E") == "required" {
			t.Fatal("groff is not installed, and FACECRAFT_E2E=required")
		}
		t.Skip("groff is not installed")
	}
	for page, want := range map[string][]string{
		program.Man():                      {".start line", "kept  as-is", `p a\b`, "go FILE", "p-go(1)"},
		program.ManOf(program.Commands[0]): {"-t, --tag TAG", "A|b.", "Environment: P_TAG.", "p(1)"},
	} {
		cmd := exec.CommandContext(t.Context(), "groff", "-man", "-ww", "-Tascii", "-P-c", "-P-b", "-P-u")
		cmd.Stdin = strings.NewReader(page)
		var warnings strings.Builder
		cmd.Stderr = &warnings
		text, err := cmd.Output()
		if err != nil || warnings.Len() > 0 {
			t.Errorf("%v: %s", err, &warnings)
		}
		for _, part := range want {
			if !strings.Contains(string(text), part) {
				t.Errorf("%q is missing in\n%s", part, text)
			}
		}
	}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	text := program.Markdown()
	for _, part := range []string{"| [`go FILE`](#p-go) | goes |", "| `-t, --tag TAG` | a\\|b | `P_TAG` |", "| 3 | no |"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing in\n%s", part, text)
		}
	}
}
