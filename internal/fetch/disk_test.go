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

// files returns the paths of a blob's files.
func (r *rig) files(i int) (data, record string) {
	path := filepath.Join(r.dir, "sha256-"+r.order.Blobs[i].Digest.Hex)
	return path, path + recordSuffix
}

// TestDamageOnDisk: damage from a power cut or a bad disk is detected, and only the
// damaged blocks are fetched again.
func TestDamageOnDisk(t *testing.T) {
	t.Parallel()
	const size = 6 * BlockSize
	for what, tt := range map[string]struct {
		damage func(t *testing.T, data, record string)
		again  int64 // bytes
	}{
		"a changed byte": {func(t *testing.T, data, _ string) { overwrite(t, data, 2*BlockSize+9, "x") }, BlockSize},
		"a block of zeros": {func(t *testing.T, data, _ string) {
			overwrite(t, data, BlockSize, strings.Repeat("\x00", BlockSize))
		}, BlockSize},
		"data that was lost": {func(t *testing.T, data, _ string) {
			truncate(t, data, 4*BlockSize+100)
		}, 2 * BlockSize},
		"no data": {func(t *testing.T, data, _ string) { truncate(t, data, 0) }, size},
		"a torn record": {func(t *testing.T, _, record string) {
			truncate(t, record, 3*sumSize+2)
		}, 3 * BlockSize},
		"no record": {func(t *testing.T, _, record string) { truncate(t, record, 0) }, size},
		"nonsense in the record": {func(t *testing.T, _, record string) {
			overwrite(t, record, 5*sumSize, "abcd")
		}, BlockSize},
		"a record too long": {func(t *testing.T, _, record string) { overwrite(t, record, 6*sumSize, "abcd") }, 0},
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

// TestAFullDisk is reported as such, and once there is space, only what is missing
// is fetched.
func TestAFullDisk(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2*BlockSize, 10*BlockSize)
	r.dir = dockertest.SmallFileSystem(t, 6*BlockSize)
	err := r.refused(t)
	if !errors.Is(err, ErrDisk) || !strings.Contains(err.Error(), "is full") ||
		!strings.Contains(fault.HintOf(err), "continues where it stopped") {
		t.Errorf("%v (%s)", err, fault.HintOf(err))
	}
	kept, err := Kept(r.dir)
	if err != nil || kept < 4*BlockSize {
		t.Errorf("%d bytes were kept, %v", kept, err)
	}
	command := exec.Command("mount", "-o", fmt.Sprintf("remount,size=%d", 20*BlockSize), r.dir)
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
