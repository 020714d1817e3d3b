package observe

import (
	"archive/tar"
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/djok/facecraft/internal/helpercmd"
)

// age is the age of files that a cleanup should delete.
const age = 72 * time.Hour

// The old files, named as the server itself names them.
const (
	oldJob    = "0ddf00d0"
	oldFile   = "portrait.png"
	oldUpload = oldJob + "_photo.jpg"

	oldContent = "old"
)

// OldFiles returns an archive of a directory's old files, owned by a user.
func OldFiles(uid, gid int) io.Reader {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	then := time.Now().Add(-age)
	for _, h := range []tar.Header{
		{Name: oldJob + "/", Typeflag: tar.TypeDir, Mode: 0o755},
		{Name: oldJob + "/" + oldFile, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(oldContent))},
		{Name: oldUpload, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(oldContent))},
	} {
		h.ModTime, h.Uid, h.Gid = then, uid, gid
		_ = w.WriteHeader(&h) // a buffer takes everything
		_, _ = io.WriteString(w, oldContent[:h.Size])
	}
	_ = w.Close()
	return &archive
}

// seed creates old files, and reports whether that succeeded.
func seed(dirs []string) bool {
	then := time.Now().Add(-age)
	for _, dir := range dirs {
		job := filepath.Join(dir, oldJob)
		err := os.Mkdir(job, 0o755)
		for _, file := range []string{filepath.Join(job, oldFile), filepath.Join(dir, oldUpload)} {
			if err == nil {
				err = os.WriteFile(file, []byte(oldContent), 0o644)
			}
			if err == nil {
				err = os.Chtimes(file, then, then)
			}
		}
		if err == nil {
			err = os.Chtimes(job, then, then)
		}
		if err != nil {
			return false
		}
	}
	return true
}

// left reports whether any directory still has its old files, and whether any has
// a job's directory without its file. Servers keep uploads as files and results
// in a directory for each job, and delete only their own kind.
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

func (w *watcher) files() {
	if len(w.order.Gone) == 0 {
		return
	}
	there, empty := left(w.order.Gone)
	w.seen.Gone, w.seen.Empty = !there, empty
}

// watch waits for a cleanup while the server is running.
func (w *watcher) watch(ctx context.Context) {
	if len(w.order.Renew) == 0 {
		return
	}
	for _, dir := range w.order.Renew {
		os.RemoveAll(filepath.Join(dir, oldJob))
		os.Remove(filepath.Join(dir, oldUpload))
	}
	if w.seen.Renewed = seed(w.order.Renew); !w.seen.Renewed {
		return
	}
	for end := time.Now().Add(w.order.Watch); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(pollInterval) {
		if there, _ := left(w.order.Renew); !there {
			w.seen.Later = true
			return
		}
	}
}

// who reads the user of the first process, which is the server or its parent, and
// tries to write to the directories.
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
