package fetch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/fault"
)

// files are what is on disk of a blob.
func (r *rig) files(i int) (data, record string) {
	path := filepath.Join(r.dir, "sha256-"+r.order.Blobs[i].Digest.Hex)
	return path, path + recordSuffix
}

// TestDamageOnDisk: what a power cut or a bad disk may leave is found, and
// only that is fetched again.
func TestDamageOnDisk(t *testing.T) {
	t.Parallel()
	const size = 6 * blockSize
	for what, tt := range map[string]struct {
		damage func(t *testing.T, data, record string)
		again  int64 // bytes
	}{
		"a changed byte":         {func(t *testing.T, data, _ string) { overwrite(t, data, 2*blockSize+9, "x") }, blockSize},
		"a block of zeros":       {func(t *testing.T, data, _ string) { overwrite(t, data, blockSize, strings.Repeat("\x00", blockSize)) }, blockSize},
		"data that was lost":     {func(t *testing.T, data, _ string) { truncate(t, data, 4*blockSize+100) }, 2 * blockSize},
		"no data":                {func(t *testing.T, data, _ string) { truncate(t, data, 0) }, size},
		"a torn record":          {func(t *testing.T, _, record string) { truncate(t, record, 3*sumSize+2) }, 3 * blockSize},
		"no record":              {func(t *testing.T, _, record string) { truncate(t, record, 0) }, size},
		"nonsense in the record": {func(t *testing.T, _, record string) { overwrite(t, record, 5*sumSize, "abcd") }, blockSize},
		"a record too long":      {func(t *testing.T, _, record string) { overwrite(t, record, 6*sumSize, "abcd") }, 0},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, size)
			r.fetch(t)
			r.restart()
			data, record := r.files(0)
			tt.damage(t, data, record)
			r.fetch(t)
			r.settle()
			if got := r.Served(); got != tt.again {
				t.Errorf("%d bytes were fetched again, want %d", got, tt.again)
			}
		})
	}
}

func overwrite(t *testing.T, path string, at int64, text string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteAt([]byte(text), at); err != nil {
		t.Fatal(err)
	}
}

func truncate(t *testing.T, path string, size int64) {
	t.Helper()
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
}

// smallDisk is a file system of that many bytes.
func smallDisk(t *testing.T, size int) string {
	t.Helper()
	dir := t.TempDir()
	output, err := exec.Command("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%d", size), "tmpfs", dir).CombinedOutput()
	if err != nil {
		dockertest.Need(t, fmt.Errorf("mount: %w: %s", err, output), "a small file system")
	}
	t.Cleanup(func() {
		if output, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, output)
		}
	})
	return dir
}

// TestAFullDisk is told as such, and when there is room again only what is
// missing is fetched.
func TestAFullDisk(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2*blockSize, 10*blockSize)
	r.dir = smallDisk(t, 6*blockSize)
	err := r.refused(t)
	if !errors.Is(err, ErrDisk) || !strings.Contains(err.Error(), "is full") || !strings.Contains(fault.HintOf(err), "continues where it stopped") {
		t.Errorf("%v (%s)", err, fault.HintOf(err))
	}
	kept, err := Kept(r.dir)
	if err != nil || kept < 4*blockSize {
		t.Errorf("%d bytes were kept, %v", kept, err)
	}
	command := exec.Command("mount", "-o", fmt.Sprintf("remount,size=%d", 20*blockSize), r.dir)
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	r.restart()
	r.fetch(t)
	r.servedAtMost(t, r.size()-kept)
}

func TestADirectoryThatCannotBe(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenStore(context.Background(), filepath.Join(file, "cache"), func() {}); !errors.Is(err, ErrDisk) {
		t.Error(err)
	}
}
