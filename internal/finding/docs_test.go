package finding

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/golden"
)

// TestPitfallsDocument holds the part of docs/pitfalls.md between its marks to
// the checks that exist; -update writes it.
func TestPitfallsDocument(t *testing.T) {
	const file, begin, end = "../../docs/pitfalls.md", "<!-- checks: written by go test ./internal/finding -update -->\n", "<!-- /checks -->\n"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(data), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no %s … %s", file, strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	golden.Compare(t, file, before+begin+document(checks(t))+end+after)
}

func document(all []Check) string {
	var b strings.Builder
	group := ""
	for _, c := range all {
		if c.Group != group {
			group = c.Group
			fmt.Fprintf(&b, "\n### %s\n", group)
		}
		names := ""
		if len(c.Aliases) > 0 {
			names = ", also `" + strings.Join(c.Aliases, "`, `") + "`"
		}
		fmt.Fprintf(&b, "\n#### `%s`\n\n**%s** %s, seen by %s%s. Pitfall: %s.\n\n", c.ID, c.Title, capital(string(c.Severity)), strings.Join(c.SeenBy, " and "), names, c.Seed)
		fmt.Fprintf(&b, "%s\n\nFix: %s. Cost: %s. Source: %s.\n", strings.TrimSpace(c.Why), strings.TrimSuffix(c.Remedy, "."), c.Cost, strings.TrimSuffix(c.Source, "."))
		if c.Before != "" {
			fmt.Fprintf(&b, "\n<details><summary>Before and after</summary>\n\n~~~\n%s~~~\n\n~~~\n%s~~~\n\n</details>\n", c.Before, c.After)
		}
	}
	return b.String() + "\n"
}

func capital(word string) string { return strings.ToUpper(word[:1]) + word[1:] }
