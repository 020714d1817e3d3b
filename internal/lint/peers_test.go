package lint

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/golden"
)

// peers is what the documented rules of hadolint and of BuildKit's build checks
// say about each pitfall.
var peers = map[string][2]string{
	"torch-cuda":     {"no", "no"},
	"dlib-blas":      {"no", "no"},
	"ort-both":       {"no", "no"},
	"cuda-devel":     {"no", "no"},
	"fetch":          {"no", "no"},
	"fetch-http":     {"no", "no"},
	"fetch-insecure": {"no", "no"},
	"fetch-status":   {"partly: DL4006, a pipe in a RUN without pipefail; not `;`, `\\|\\| true`, here-documents", "no"},
	"fetch-digest":   {"no", "no"},
	"cache-order":    {"no", "no"},
	"chown-layer":    {"no", "no"},
	"wheels-layer":   {"no", "no"},
	"useradd-order":  {"no", "no"},
	"root":           {"partly: DL3002, where the last USER is root; a missing USER is not said", "no"},
	"latest":         {"yes: DL3006 and DL3007", "no"},
	"secret":         {"no", "partly: SecretsUsedInArgOrEnv, by the name of ARG and ENV, not by value"},
	"ready":          {"partly: DL3057, a missing HEALTHCHECK, off by default; not what it asks, nor its tool", "no"},
	"health-window":  {"no", "no"},
	"workers":        {"no", "no"},
}

// TestPeersDocument compares the table in docs/lint.md with what is found in the
// corpus; -update writes it.
func TestPeersDocument(t *testing.T) {
	const file, begin, end = "../../docs/lint.md", "<!-- peers: written by go test ./internal/lint -update -->\n",
		"<!-- /peers -->\n"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(data), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no marks", file)
	}
	golden.Compare(t, file, before+begin+peerTable(t)+end+after)
}

func peerTable(t *testing.T) string {
	counts := map[string]int{}
	for _, root := range corpus(t) {
		for _, f := range run(t, root).Findings {
			if f.Status == finding.Fail {
				counts[f.ID]++
			}
		}
	}
	ids := make([]string, 0, len(counts))
	for id := range counts {
		if _, ok := peers[id]; !ok {
			t.Errorf("what the others say of %s is not known", id)
		}
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		return strings.Compare(a, b)
	})
	var b strings.Builder
	b.WriteString("| pitfall | found by lint | hadolint | BuildKit |\n|---|---|---|---|\n")
	for _, id := range ids {
		fmt.Fprintf(&b, "| `%s` | %d | %s | %s |\n", id, counts[id], peers[id][0], peers[id][1])
	}
	return b.String()
}
