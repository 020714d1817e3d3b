package output

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestTemporaryFilesOfLiveRunsAreKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	dead := exec.Command(os.Args[0], "-test.run=^$")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	stale := filepath.Join(dir, fmt.Sprintf("%s%d-1.tmp", temporaryMark, dead.Process.Pid))
	ours := filepath.Join(dir, fmt.Sprintf("%s%d-99999.tmp", temporaryMark, os.Getpid()))
	elsewhere := filepath.Join(dir, ".facecraft-another host-1-1.tmp")
	for _, path := range []string{stale, ours, elsewhere} {
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sweep(dir)
	if _, err := os.Stat(stale); !errors.Is(err, os.ErrNotExist) {
		t.Error("the file of a killed run is still there")
	}
	for _, path := range []string{ours, elsewhere} {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("the file of a live run: %v", err)
		}
	}
}
