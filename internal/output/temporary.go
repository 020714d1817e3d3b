package output

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// temporaryMark is the prefix of unfinished files.
var temporaryMark = ".facecraft-" + hostName() + "-"

// hostName keeps apart runs on different machines that share a directory.
func hostName() string {
	name, err := os.Hostname()
	if err != nil {
		return "host"
	}
	return strings.Map(func(r rune) rune {
		if r == '/' || r == '\\' || r == ':' {
			return '_'
		}
		return r
	}, name)
}

var temporaries atomic.Int64

// Temporary creates a hidden file in a directory, ready to be renamed. It has
// the permissions that the user's umask gives new files; os.CreateTemp would
// make it private.
func Temporary(dir string) (*os.File, error) {
	if _, before := swept.LoadOrStore(dir, true); !before {
		sweep(dir)
	}
	name := fmt.Sprintf("%s%d-%d.tmp", temporaryMark, os.Getpid(), temporaries.Add(1))
	return Create(os.OpenFile, filepath.Join(dir, name), 0o666)
}

// Create creates a file that must not exist; open is os.OpenFile or that of an
// os.Root. If it exists, the error is fs.ErrExist.
func Create(open func(string, int, fs.FileMode) (*os.File, error), name string, mode fs.FileMode) (*os.File, error) {
	return open(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
}

// swept holds the directories that were already cleaned up.
var swept sync.Map

// sweep removes the files left by killed runs on this machine.
func sweep(dir string) {
	entries, _ := os.ReadDir(dir) // best effort
	for _, entry := range entries {
		rest, ours := strings.CutPrefix(entry.Name(), temporaryMark)
		number, _, _ := strings.Cut(rest, "-")
		if pid, err := strconv.Atoi(number); ours && err == nil && strings.HasSuffix(rest, ".tmp") && !Alive(pid) {
			os.Remove(filepath.Join(dir, entry.Name()))
		}
	}
}
