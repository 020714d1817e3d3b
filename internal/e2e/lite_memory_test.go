package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// TestLiteMemory limits the lite engine to 60 MB of resident memory after ten
// photos.
func TestLiteMemory(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	u.run("up", "--lite")
	for i := range 10 {
		u.run("process", photo(t), "-o", fmt.Sprintf("%d.png", i))
	}
	var kib int
	for line := range strings.Lines(u.kernelStatus()) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			fmt.Sscan(rest, &kib)
		}
	}
	t.Logf("%d kB resident after ten photos", kib)
	if kib == 0 || kib >= 60_000 {
		t.Errorf("%d kB resident after ten photos, want less than 60000", kib)
	}
}
