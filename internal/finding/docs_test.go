package finding

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/golden"
)

// TestPitfallsDocument holds the part of docs/pitfalls.md between its marks to
// the checks that exist; -update writes it.
func TestPitfallsDocument(t *testing.T) {
	const file, begin, end = "../../docs/pitfalls.md",
		"<!-- checks: written by go test ./internal/finding -update -->\n", "<!-- /checks -->\n"
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
		fmt.Fprintf(&b, "\n#### `%s`\n\n**%s** %s, seen by %s%s. Pitfall: %s.\n\n", c.ID, c.Title,
			capital(string(c.Severity)), strings.Join(c.SeenBy, " and "), names, c.Seed)
		fmt.Fprintf(&b, "%s\n\nFix: %s. Cost: %s. Source: %s.\n", strings.TrimSpace(c.Why),
			strings.TrimSuffix(c.Remedy, "."), c.Cost, strings.TrimSuffix(c.Source, "."))
		if c.Before != "" {
			fmt.Fprintf(&b, "\n<details><summary>Before and after</summary>\n\n~~~\n%s~~~\n\n~~~\n%s~~~\n\n</details>\n",
				c.Before, c.After)
		}
	}
	return b.String() + "\n"
}

// rowsOfTheList are how many pitfalls each part of the list has.
var rowsOfTheList = map[string]int{
	"Critical pitfalls": 6, "Technical debt": 6, "Integration": 6, "Performance": 5, "Security": 5, "Users": 6,
	"Looks done but isn't": 8, "Recovery": 6, "Phases": 8,
}

// TestEveryRowIsAnswered holds the tables of docs/pitfalls.md to the list and
// to the checks: a row names checks that exist, or says why there is none, and
// every check is named.
func TestEveryRowIsAnswered(t *testing.T) {
	data, err := os.ReadFile("../../docs/pitfalls.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(data), "## Row by row\n")
	text, _, _ = strings.Cut(text, "\n## Checks\n")
	all, named, part, rows := checks(t), map[string]bool{}, "", map[string]int{}
	for line := range strings.Lines(text) {
		if heading, ok := strings.CutPrefix(line, "### "); ok {
			part = strings.TrimSpace(heading)
		}
		found := 0
		for i, word := range strings.Split(line, "`") {
			if i%2 == 1 && len(Named(all, word)) > 0 {
				named[word] = true
				found++
			}
		}
		cells := strings.Split(line, "|")
		if len(cells) != 5 || strings.HasPrefix(line, "|---") || strings.Contains(cells[3], "not covered") {
			continue
		}
		rows[part]++
		for i, word := range strings.Split(cells[2], "`") {
			command, _, _ := strings.Cut(word, " ")
			if i%2 == 1 && len(Named(all, word)) == 0 &&
				!slices.Contains([]string{"up", "pull", "process", "compose", "verify"}, command) {
				t.Errorf("there is no check %s", word)
			}
		}
		if found == 0 && strings.TrimSpace(cells[3]) == "" {
			t.Errorf("nothing answers %q, and nothing says why", strings.TrimSpace(cells[1]))
		}
	}
	if !maps.Equal(rows, rowsOfTheList) {
		t.Errorf("the rows are %v, want %v", rows, rowsOfTheList)
	}
	for _, c := range all {
		if !named[c.ID] {
			t.Errorf("no row names %s", c.ID)
		}
	}
}

func capital(word string) string { return strings.ToUpper(word[:1]) + word[1:] }
