package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestDocsWithoutInternet has a server whose documentation page would be blank:
// another is written from its schema, with its real port.
func TestDocsWithoutInternet(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	u.run("up", "--image", u.stub("old", "0s"))
	path := strings.TrimSpace(u.with("XDG_CACHE_HOME="+u.dir, "HOME="+u.dir).run("open"))
	page, err := os.ReadFile(path)
	want := fmt.Sprintf("curl http://127.0.0.1:%d/health", u.port)
	if err != nil || !strings.Contains(string(page), want) {
		t.Errorf("no %q in %q: %v\n%s", want, path, err, page)
	}
	u.run("up", "--lite", "--recreate")
	if page := strings.TrimSpace(u.run("open")); page != fmt.Sprintf("http://127.0.0.1:%d/docs", u.port) {
		t.Errorf("a page that needs no internet was replaced by %s", page)
	}
	u.run("down")
	u.expect(1, []string{"no server is running", "facecraft up"}, "open")
}
