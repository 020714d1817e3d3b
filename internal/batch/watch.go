package batch

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// settleTime is how long a file must be unchanged before it is processed: a
	// camera or a copy may still be writing it.
	settleTime = time.Second
	// heartbeat is how often a directory is scanned without an event: network
	// shares send none.
	heartbeat = 10 * time.Second
)

// Watch calls scan at the start and whenever there may be new files in the
// directories, until ctx ends. scan reports whether there are files that are
// still changing. If events cannot be received, warn is called once, and new
// files are found a little later.
func Watch(ctx context.Context, dirs []string, avoid string, scan func() (unsettled bool), warn func(error)) error {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer watcher.Close()
	for {
		for _, dir := range dirs {
			if err := watchTree(watcher, dir, avoid); err != nil && warn != nil {
				warn(err)
				warn = nil // once is enough
			}
		}
		next := heartbeat
		if scan() {
			next = settleTime
		}
		// Scanning again right away would find files that cannot have settled.
		pause(ctx, settleTime)
		wait(ctx, watcher, next)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// watchTree watches a directory tree. Watching a directory twice is harmless.
func watchTree(watcher *fsnotify.Watcher, root, avoid string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist) && path != root: // removed in the meantime
			return nil
		case err != nil:
			return err
		case !entry.IsDir():
			return nil
		case path != root && (strings.HasPrefix(entry.Name(), ".") || sameFile(path, avoid)):
			return filepath.SkipDir
		}
		return watcher.Add(path)
	})
}

// wait returns at the first event or after limit. It drains pending events,
// because one scan covers them all.
func wait(ctx context.Context, watcher *fsnotify.Watcher, limit time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(limit):
	case <-watcher.Events:
	case <-watcher.Errors: // an overflow: scan as well
	}
	for {
		select {
		case <-watcher.Events:
		case <-watcher.Errors:
		default:
			return
		}
	}
}

// Arrivals remembers which files have been seen, and in what state.
type Arrivals struct{ seen map[string]sighting }

type sighting struct {
	size  int64
	time  time.Time
	since time.Time // when it was first seen in this state
	taken bool
}

// Settled returns the jobs whose photos have stopped changing and were not
// returned before; more reports that some are still changing.
func (a *Arrivals) Settled(jobs []*Job) (settled []*Job, more bool) {
	now, seen := time.Now(), map[string]sighting{}
	for _, job := range jobs {
		info, err := os.Stat(job.Path)
		if err != nil {
			continue // removed in the meantime
		}
		s, seenBefore := a.seen[job.Path]
		if !seenBefore || s.size != info.Size() || !s.time.Equal(info.ModTime()) {
			s = sighting{size: info.Size(), time: info.ModTime(), since: now}
		}
		old := now.Sub(info.ModTime()) > settleTime && !seenBefore // it was there before
		switch {
		case s.taken:
		case old || now.Sub(s.since) >= settleTime:
			s.taken = true
			settled = append(settled, job)
		default:
			more = true
		}
		seen[job.Path] = s
	}
	a.seen = seen
	return settled, more
}
