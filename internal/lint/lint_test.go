package lint

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/djok/facecraft/internal/finding"
)

var today = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// files makes a repository from an archive of texts; a text without a name is a
// Dockerfile.
func files(text string) fstest.MapFS {
	archive := txtar.Parse([]byte(text))
	root := fstest.MapFS{}
	if len(archive.Comment) > 0 {
		root["Dockerfile"] = &fstest.MapFile{Data: archive.Comment}
	}
	for _, f := range archive.Files {
		root[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	return root
}

func run(t testing.TB, root fs.FS) *Result {
	t.Helper()
	result, err := Run(context.Background(), root, Options{Target: "test", Today: today})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// show lists what was found: what fails, and what is unknown with a mark.
func show(r *Result) string {
	var lines []string
	for _, f := range r.Findings {
		mark := ""
		if f.Status == finding.Unknown {
			mark = "? "
		}
		if f.Suppressed == nil {
			lines = append(lines, fmt.Sprintf("%s%s %s %s", mark, f.Location.String(), f.ID, f.Statement))
		}
	}
	return strings.Join(lines, "\n")
}

func failed(r *Result) []string {
	var ids []string
	for _, f := range r.Findings {
		if f.Status == finding.Fail && f.Suppressed == nil && !slices.Contains(ids, f.ID) {
			ids = append(ids, f.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// TestExamples lints the examples of each check: the bad one has that finding
// and no other, the good one has none.
func TestExamples(t *testing.T) {
	checks, err := Checks()
	if err != nil {
		t.Fatal(err)
	}
	also := map[string]string{"fetch-status": "fetch"} // such a download is not checked either
	count := 0
	for _, check := range checks {
		if strings.HasPrefix(check.ID, "ignore-") || check.ID == "unreadable" {
			continue
		}
		count++
		t.Run(check.ID, func(t *testing.T) {
			bad := run(t, files(check.Before))
			want := []string{check.ID}
			if more := also[check.ID]; more != "" {
				want = append(want, more)
				slices.Sort(want)
			}
			if got := failed(bad); !slices.Equal(got, want) {
				t.Errorf("before gives %q, want %q:\n%s", got, want, show(bad))
			}
			if good := run(t, files(check.After)); len(failed(good)) > 0 {
				t.Errorf("after gives:\n%s", show(good))
			}
		})
	}
	if count < 30 {
		t.Errorf("only %d checks have examples", count)
	}
}
