package e2e

import (
	"fmt"
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
	kib := kilobytes(u.kernelStatus(), "VmRSS")
	t.Logf("%d kB resident after ten photos", kib)
	if kib == 0 || kib >= 60_000 {
		t.Errorf("%d kB resident after ten photos, want less than 60000", kib)
	}
}
