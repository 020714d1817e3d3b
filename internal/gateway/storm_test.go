package gateway

import (
	"bytes"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// storm is how many photos come from how many clients.
const (
	stormPhotos  = 300
	stormClients = 20
)

// TestStorm: 300 photos from 20 clients while one of three servers is killed and
// another one replaced. No client sees an error, and each gets its own portrait.
// nginx does the same beside it, to compare.
func TestStorm(t *testing.T) {
	if testing.Short() {
		t.Skip("sends 300 photos")
	}
	t.Run("gateway", func(t *testing.T) {
		if errors := weather(t, frontDoor); errors > 0 {
			t.Errorf("%d of %d photos failed", errors, stormPhotos)
		}
	})
	t.Run("nginx", func(t *testing.T) {
		onlyMeasured(t)
		t.Logf("%d of %d photos failed", weather(t, startNginx), stormPhotos)
	})
}

// weather sends the photos to a door in front of three servers, and counts errors.
func weather(t *testing.T, door func(testing.TB, ...*child) *child) (errors int64) {
	t.Helper()
	work := "WORK=15ms"
	servers := []*child{start(t, "server", "127.0.0.1:0", work), start(t, "server", "127.0.0.1:0", work),
		start(t, "server", "127.0.0.1:0", work)}
	s, url := newSender(t), door(t, servers...).url()
	var next, done, failed atomic.Int64
	var seen sync.Map
	var clients sync.WaitGroup
	for range stormClients {
		clients.Go(func() {
			for n := next.Add(1); n <= stormPhotos; n = next.Add(1) {
				mark := fmt.Sprintf("%s%010d", photoMark, n)
				form := bytes.Clone(s.form)
				copy(form[len(form)/2:], mark)
				got, err := s.send(url, form)
				if _, twice := seen.LoadOrStore(got, true); err == nil && (got != mark || twice) {
					err = fmt.Errorf("photo %s got portrait %s, twice %t", mark, got, twice)
				}
				if err != nil && failed.Add(1) == 1 {
					t.Log("the first error:", err)
				}
				done.Add(1)
			}
		})
	}
	within(t, "some photos are done", func() bool { return done.Load() >= stormPhotos/4 })
	servers[0].kill()
	within(t, "some more photos are done", func() bool { return done.Load() >= stormPhotos/2 })
	servers[1].kill()
	time.Sleep(100 * time.Millisecond)
	start(t, "server", servers[1].address, work)
	clients.Wait()
	return failed.Load()
}
