package upgrade

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/mod/semver"
)

// OffVariable turns notices off.
const OffVariable = "FACECRAFT_NO_UPDATE_CHECK"

const (
	noticeInterval = 24 * time.Hour // between two requests, and between two notices
	retryInterval  = time.Hour      // after a request that the end of the command cut off
	askTime        = 30 * time.Second
)

// Notice announces a newer release. It asks in the background without making the
// command wait: an answer that comes too late is announced another time.
type Notice struct {
	settings Settings
	path     string
	now      func() time.Time
	asked    chan struct{} // closed when the request is over

	mu    sync.Mutex
	state state
}

// state is what this call leaves for the next one.
type state struct {
	Asked    time.Time `json:"asked"`
	Answered bool      `json:"answered"`
	Told     time.Time `json:"told"`
	Latest   string    `json:"latest,omitempty"`
	Command  string    `json:"command,omitempty"` // that upgrades
}

// Watch starts looking for a newer release, unless it did so in the last 24 hours.
// path is the state file's. It sends no request if the file cannot be written, or if
// this program is not a signed release.
func (s Settings) Watch(ctx context.Context, path string) *Notice {
	return s.watch(ctx, path, time.Now)
}

func (s Settings) watch(ctx context.Context, path string, now func() time.Time) *Notice {
	n := &Notice{settings: s, path: path, now: now, asked: make(chan struct{})}
	if data, err := os.ReadFile(path); err == nil {
		_ = json.Unmarshal(data, &n.state) // a damaged file counts as empty
	}
	interval := retryInterval
	if n.state.Answered {
		interval = noticeInterval
	}
	if !s.released() || !n.due(n.state.Asked, interval) ||
		n.update(func(s *state) { s.Asked, s.Answered = now(), false }) != nil {
		close(n.asked)
		return n
	}
	go n.ask(ctx)
	return n
}

// due reports whether something was long enough ago; a time in the future means
// that a clock was wrong.
func (n *Notice) due(last time.Time, interval time.Duration) bool {
	age := n.now().Sub(last)
	return age < 0 || age >= interval
}

func (n *Notice) ask(ctx context.Context) {
	defer close(n.asked)
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	release, err := n.settings.Check(ctx)
	if ctx.Err() != nil {
		return
	}
	command := "facecraft upgrade"
	if err == nil && release.Newer(n.settings.Version) {
		if path, err := filepath.EvalSymlinks(n.settings.Path); err == nil {
			if owner, ok := OwnerOf(ctx, path, platform(), release.source.Base); ok {
				command = owner.Upgrade
			}
		}
	}
	_ = n.update(func(s *state) {
		s.Answered = true
		if err == nil {
			s.Latest, s.Command = release.Tag, command
		}
	})
}

// News returns a newer release and the command that upgrades to it, unless it did so
// in the last 24 hours. It does not wait.
func (n *Notice) News() (tag, command string) {
	n.mu.Lock()
	known := n.state
	n.mu.Unlock()
	if semver.Compare(known.Latest, n.settings.Version) <= 0 || !n.due(known.Told, noticeInterval) ||
		n.update(func(s *state) { s.Told = n.now() }) != nil {
		return "", ""
	}
	return known.Latest, known.Command
}

// update changes the state, also in the file, completely or not at all.
func (n *Notice) update(change func(*state)) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	change(&n.state)
	data, err := json.Marshal(n.state)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(n.path), 0o755); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(n.path), ".release-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // unless it was renamed
	_, err = file.Write(data)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return os.Rename(file.Name(), n.path)
}
