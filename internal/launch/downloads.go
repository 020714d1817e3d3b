package launch

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/fetch"
	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/plan"
)

// CacheDir is a directory in the user's cache directory, or "" if there is none.
func (s Settings) CacheDir(name string) string {
	dir := s.Getenv("XDG_CACHE_HOME")
	if dir == "" {
		var err error
		if dir, err = os.UserCacheDir(); err != nil {
			return ""
		}
	}
	return filepath.Join(dir, "facecraft", name)
}

// DownloadDir is where unfinished downloads are.
func (s Settings) DownloadDir() string { return s.CacheDir("downloads") }

// keptDownloads is how many bytes of unfinished downloads are kept.
func (s Settings) keptDownloads() int64 {
	n, _ := fetch.Kept(s.DownloadDir()) // the pattern is valid, so there is no error
	return n
}

// ForgetDownloads deletes what unfinished downloads left.
func (s Settings) ForgetDownloads(ctx context.Context) error {
	kept := s.keptDownloads()
	if kept == 0 {
		s.UI.Done("No unfinished downloads")
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	busy := fault.New(fault.Failed, "wait until it is finished, or stop it", "another facecraft is downloading")
	store, err := fetch.OpenStore(ctx, s.DownloadDir(), func() { cancel(busy) })
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		return err
	}
	if err := errors.Join(store.ForgetAll(), store.Close()); err != nil {
		return err
	}
	s.UI.Done("Deleted %s of unfinished downloads", format.Size(kept))
	return nil
}

// downloads finds out how images get to the daemon.
func (l *Launcher) downloads(ctx context.Context) *plan.Downloads {
	found := &plan.Downloads{Dir: l.DownloadDir(), Kept: l.keptDownloads()}
	why := l.Images.CanPullFromHere(ctx)
	switch {
	case found.Dir == "":
		found.Direct = plan.Known(false, "there is no cache directory")
	case why != "":
		found.Direct = plan.Known(false, why)
	default:
		found.Direct = plan.Known(true, "Docker reached 127.0.0.1 of this machine")
	}
	return found
}
