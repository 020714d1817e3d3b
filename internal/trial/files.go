package trial

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/djok/facecraft/internal/observe"
	"github.com/djok/facecraft/internal/verify"
)

const originsVariable = "FACECRAFT_CORS_ORIGINS"

// without removes a variable, so that the image's own value applies.
func without(name string) change {
	return func(config *container.Config, _ *container.HostConfig) {
		config.Env = slices.DeleteFunc(config.Env, func(e string) bool { return strings.HasPrefix(e, name+"=") })
	}
}

// keyAndFiles starts a server with a key and with old files in its volumes. The
// server keeps running, because a cleanup may take a while to start.
func (r *run) keyAndFiles(ctx context.Context) {
	with := func(config *container.Config, _ *container.HostConfig) {
		config.Env = append(config.Env, "FACECRAFT_API_KEY=verify-"+r.Instance, "FACECRAFT_CLEANUP_AGE_HOURS=1")
	}
	s, err := r.newServer(ctx, r.container, r.network, with)
	if err != nil {
		return
	}
	dirs := r.seed(ctx, s)
	seen := observe.Seen{}
	if err = s.start(ctx); err == nil {
		seen, err = s.ask(ctx, observe.Order{Patience: r.bounds.Patience, NoKey: true, Gone: dirs})
	}
	if err != nil || !seen.Ready {
		s.remove()
		return
	}
	if seen.NoKey != 0 {
		r.seen.Key = &verify.Key{Status: seen.NoKey, Wrong: seen.WrongKey}
	}
	if len(dirs) == 0 {
		s.remove()
		return
	}
	r.seen.Cleanup = &verify.Cleanup{Deleted: seen.Gone, EmptyDirs: seen.Empty}
	if !seen.Gone { // files not deleted at the start will not be deleted later
		s.remove()
		return
	}
	r.watch = r.newWatch(ctx, s, dirs)
	if 2*r.container.MemoryLimit > r.memory {
		r.endWatch(ctx) // not enough memory for another server
	}
}

// seed creates old files of the server's user in its volumes, and returns the
// directories. If the server cannot write to a directory, it cannot clean up
// there either.
func (r *run) seed(ctx context.Context, s *server) []string {
	dirs := targets(r.container)
	user, group, _ := strings.Cut(r.container.User, ":")
	uid, err := strconv.Atoi(user)
	gid, groupErr := strconv.Atoi(group)
	if len(dirs) == 0 || len(r.seen.Identity.Unwritable) > 0 || err != nil || groupErr != nil {
		return nil
	}
	for _, dir := range dirs {
		// Into each volume, because the root may be read-only.
		err := s.Docker.CopyToContainer(ctx, s.id, dir, observe.OldFiles(uid, gid), container.CopyToContainerOptions{})
		if err != nil {
			return nil
		}
	}
	return dirs
}

// watch waits for the cleanup of a running server while other observations are
// made.
type watch struct {
	server *server
	begun  time.Time
	least  time.Duration
	cancel context.CancelFunc
	seen   chan observe.Seen
}

func (r *run) newWatch(ctx context.Context, s *server, dirs []string) *watch {
	watching, cancel := context.WithCancel(ctx)
	w := &watch{s, time.Now(), r.bounds.Watch, cancel, make(chan observe.Seen, 1)}
	go func() {
		seen, err := s.ask(watching, observe.Order{Patience: r.bounds.Patience, Renew: dirs, Watch: r.bounds.WatchMax})
		// If it was interrupted, the files were created and still exist.
		seen.Renewed = seen.Renewed || err != nil && watching.Err() != nil
		w.seen <- seen
	}()
	return w
}

// left returns the rest of the watch's minimum time.
func (w *watch) left() time.Duration {
	if w == nil {
		return 0
	}
	return w.least - time.Since(w.begun)
}

// endWatch waits for the watch's minimum time, and removes its server.
func (r *run) endWatch(ctx context.Context) {
	w := r.watch
	if w == nil {
		return
	}
	r.watch = nil
	defer w.server.remove()
	defer w.cancel()
	var seen observe.Seen
	select {
	case seen = <-w.seen:
	case <-time.After(w.left()):
		w.cancel()
		seen = <-w.seen
	case <-ctx.Done():
		<-w.seen // its helper is removed
		return
	}
	if !seen.Renewed {
		r.seen.Cleanup = nil
		return
	}
	r.seen.Cleanup.Periodically, r.seen.Cleanup.Waited = seen.Later, time.Since(w.begun).Round(time.Second)
}
