package output

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestTemporaryFilesOfOthersStay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	dead := exec.Command(os.Args[0], "-test.run=^$")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	gone := filepath.Join(dir, fmt.Sprintf("%s%d-1.tmp", temporaryMark, dead.Process.Pid))
	ours := filepath.Join(dir, fmt.Sprintf("%s%d-99999.tmp", temporaryMark, os.Getpid()))
	other := filepath.Join(dir, ".facecraft-another host-1-1.tmp")
	for _, path := range []string{gone, ours, other} {
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sweep(dir)
	if _, err := os.Stat(gone); !errors.Is(err, os.ErrNotExist) {
		t.Error("what a killed run left is still there")
	}
	for _, path := range []string{ours, other} {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("what a living run writes: %v", err)
		}
	}
}
