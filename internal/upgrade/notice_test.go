//go:build unix

package upgrade

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// watched is a program that looks for releases, at times of the test's choice.
type watched struct {
	Settings
	path  string
	clock time.Time
}

func newWatched(t *testing.T, m *mirror) *watched {
	return &watched{Settings: installed(t, m), path: filepath.Join(t.TempDir(), "cache", "release.json"),
		clock: time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)}
}

// later is a call that ends after the answer, if anything is asked.
func (w *watched) later(t *testing.T, after time.Duration) (tag, command string) {
	t.Helper()
	w.clock = w.clock.Add(after)
	n := w.watch(t.Context(), w.path, func() time.Time { return w.clock })
	<-n.asked
	return n.News()
}

// TestNotice: each newer release is told of once a day, and asked for once a day.
func TestNotice(t *testing.T) {
	m := newMirror(t, saying("v1.3.0"))
	var asked atomic.Int32
	handler := m.Config.Handler
	m.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		handler.ServeHTTP(w, r)
	})
	w := newWatched(t, m)
	const files = 3 // the checksums, their signature, the version
	for i, call := range []struct {
		after time.Duration
		tag   string
		asked int32
	}{
		{0, "v1.3.0", files},
		{time.Minute, "", files},
		{23 * time.Hour, "", files},
		{time.Hour, "v1.3.0", 2 * files},
		{-100 * time.Hour, "v1.3.0", 3 * files}, // the clock was wrong
	} {
		tag, command := w.later(t, call.after)
		if tag != call.tag || (tag != "") != (command == "facecraft upgrade") || asked.Load() != call.asked {
			t.Errorf("call %d: %q, %q after %d questions", i, tag, command, asked.Load())
		}
	}
	w.Version = "v1.3.0"
	if tag, _ := w.later(t, 25*time.Hour); tag != "" {
		t.Errorf("%s is news to %s", tag, w.Version)
	}
}

// TestNoticeDelaysNothing: an answer that does not come is not waited for, and
// asked for again after an hour.
func TestNoticeDelaysNothing(t *testing.T) {
	m := newMirror(t, saying("v1.3.0"))
	arrived := make(chan struct{}, 9)
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-r.Context().Done()
	}))
	t.Cleanup(silent.Close)
	w := newWatched(t, m)
	mirror := w.Mirror
	w.Mirror = silent.URL
	n := w.watch(t.Context(), w.path, func() time.Time { return w.clock })
	<-arrived
	if tag, _ := n.News(); tag != "" { // at once
		t.Errorf("%s without an answer", tag)
	}
	w.Mirror = mirror
	if tag, _ := w.later(t, 59*time.Minute); tag != "" {
		t.Error("asked again within an hour")
	}
	if tag, _ := w.later(t, time.Minute); tag != "v1.3.0" {
		t.Errorf("after an hour: %q", tag)
	}
}

// TestNoticeAsksNobody where it could not remember, and for what is not a release.
func TestNoticeAsksNobody(t *testing.T) {
	m := newMirror(t, saying("v1.3.0"))
	m.Config.Handler = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("asked for %s", r.URL) })
	w := newWatched(t, m)
	w.Version = "v1.2.3-4-g0123456"
	if tag, _ := w.later(t, 0); tag != "" {
		t.Errorf("a development build is told of %s", tag)
	}
	w.Version = "v1.2.0"
	if err := os.WriteFile(filepath.Dir(w.path), nil, 0o644); err != nil { // in the directory's place
		t.Fatal(err)
	}
	if tag, _ := w.later(t, 0); tag != "" {
		t.Errorf("%s", tag)
	}
}

// TestNoticeForgives a state file that is damaged, and an answer that nobody
// signed.
func TestNoticeForgives(t *testing.T) {
	m := newMirror(t, saying("v1.3.0"))
	m.sign(t, newSigner(t), namespace)
	w := newWatched(t, m)
	if err := os.MkdirAll(filepath.Dir(w.path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(w.path, []byte(`{"latest": "v9.0.0", "told"`), 0o644); err != nil {
		t.Fatal(err)
	}
	if tag, _ := w.later(t, 0); tag != "" {
		t.Errorf("%s was not signed", tag)
	}
	files, err := os.ReadDir(filepath.Dir(w.path))
	if err != nil || len(files) != 1 {
		t.Errorf("left behind: %v (%v)", files, err)
	}
}
