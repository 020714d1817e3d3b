package observe

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/djok/facecraft/internal/helpercmd"
)

// age is that of files that a clean-up should not leave.
const age = 72 * time.Hour

// The old files, as the server itself would have left them.
const (
	oldJob    = "0ddf00d0"
	oldFile   = "portrait.png"
	oldUpload = oldJob + "_photo.jpg"
)

// seed makes old files, and returns the directories where that failed.
func seed(dirs []string) (failed []string) {
	then := time.Now().Add(-age)
	for _, dir := range dirs {
		job := filepath.Join(dir, oldJob)
		alone := filepath.Join(dir, oldUpload)
		err := os.Mkdir(job, 0o755)
		for _, file := range []string{filepath.Join(job, oldFile), alone} {
			if err == nil {
				err = os.WriteFile(file, []byte("old"), 0o644)
			}
			if err == nil {
				err = os.Chtimes(file, then, then)
			}
		}
		if err == nil {
			err = os.Chtimes(job, then, then)
		}
		if err != nil {
			failed = append(failed, dir)
		}
	}
	return failed
}

// left tells whether a directory still has its old files, and whether one has
// a job's directory without them. Servers keep uploads as files and results in
// directories of their jobs: of the two, each deletes what is its own.
func left(dirs []string) (files, empty bool) {
	there := func(parts ...string) bool {
		_, err := os.Lstat(filepath.Join(parts...))
		return err == nil
	}
	for _, dir := range dirs {
		result := there(dir, oldJob, oldFile)
		files = files || result && there(dir, oldUpload)
		empty = empty || !result && there(dir, oldJob)
	}
	return files, empty && !files
}

func (w *watcher) files(ctx context.Context) {
	if len(w.order.Gone) == 0 {
		return
	}
	there, empty := left(w.order.Gone)
	w.seen.Gone, w.seen.Empty = !there, empty
	if there {
		return
	}
	for _, dir := range w.order.Gone {
		os.RemoveAll(filepath.Join(dir, oldJob))
		os.Remove(filepath.Join(dir, oldUpload))
	}
	if len(seed(w.order.Gone)) > 0 {
		return
	}
	for end := time.Now().Add(w.order.Watch); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(pollInterval) {
		if there, _ := left(w.order.Gone); !there {
			w.seen.Later = true
			return
		}
	}
}

// who reads the user of the first process, which is the server's or its
// parent, and tries the directories.
func (w *watcher) who() {
	if w.order.Who {
		status, _ := os.ReadFile("/proc/1/status")
		for line := range strings.Lines(string(status)) {
			if fields := strings.Fields(line); len(fields) > 2 && fields[0] == "Uid:" {
				w.seen.UID, _ = strconv.Atoi(fields[2]) // the effective one
			}
		}
	}
	for _, place := range helpercmd.CheckWritable(w.order.Write) {
		if place.Problem != "" {
			w.seen.Cannot = append(w.seen.Cannot, place.Path)
		}
	}
}
