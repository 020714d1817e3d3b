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
	// settleTime is how long a file must stay as it is before it is taken: a
	// camera or a copy may still write it.
	settleTime = time.Second
	// heartbeat is how often a directory is looked through without an event:
	// shares of other machines send none.
	heartbeat = 10 * time.Second
)

// Watch calls scan whenever something may have arrived in the directories, and
// once at the beginning, until the context is done. scan tells whether there
// are files that have yet to settle. Warn is told what keeps events from being
// seen; arrivals are then found a little later.
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
		// Looking again at once would find files that cannot have settled.
		pause(ctx, settleTime)
		wait(ctx, watcher, next)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// watchTree watches a directory with all below it, those that are watched
// already once more.
func watchTree(watcher *fsnotify.Watcher, root, avoid string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist) && path != root: // gone meanwhile
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

// wait returns at the first event, or when the time is over. Events that came
// together are taken together: the scan looks at everything.
func wait(ctx context.Context, watcher *fsnotify.Watcher, limit time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(limit):
	case <-watcher.Events:
	case <-watcher.Errors: // an overflow: look, too
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

// Arrivals remembers which files were seen, in what state.
type Arrivals struct{ seen map[string]sighting }

type sighting struct {
	size  int64
	time  time.Time
	since time.Time // when it was first seen like this
	taken bool
}

// Settled gives those jobs whose photos have stopped changing and were not
// given before; more tells that there are photos that have yet to settle.
func (a *Arrivals) Settled(jobs []*Job) (settled []*Job, more bool) {
	now, seen := time.Now(), map[string]sighting{}
	for _, job := range jobs {
		info, err := os.Stat(job.Path)
		if err != nil {
			continue // gone again
		}
		s, known := a.seen[job.Path]
		if !known || s.size != info.Size() || !s.time.Equal(info.ModTime()) {
			s = sighting{size: info.Size(), time: info.ModTime(), since: now}
		}
		old := now.Sub(info.ModTime()) > settleTime && !known // it lay here before
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
