package gateway

import (
	"context"
	"sync"
	"time"
)

const (
	// jobAge is the age at which a job that was not fetched is deleted.
	jobAge = time.Hour
	// expiryInterval is how often to look for old jobs.
	expiryInterval = 30 * time.Second
	// maxJobs limits the memory for jobs; beyond it, the oldest are deleted first.
	maxJobs = 100_000
)

// jobTable holds the results to delete from the servers: once they are fetched,
// or after an hour. It is lost when the gateway is restarted; then jobs are still
// deleted when they are fetched, and others when the server cleans up.
type jobTable struct {
	mu   sync.Mutex
	jobs map[string]*job
	now  func() time.Time
}

// job is a result on a server.
type job struct {
	server  *server
	raw     string
	left    map[string]bool // formats that were not fetched
	expires time.Time
}

func newJobTable() *jobTable { return &jobTable{jobs: map[string]*job{}, now: time.Now} }

// add records a job with its formats.
func (t *jobTable) add(s *server, raw string, formats ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.jobs) >= maxJobs {
		t.dropOldest()
	}
	left := map[string]bool{}
	for _, format := range formats {
		left[format] = true
	}
	t.jobs[s.jobID(raw)] = &job{s, raw, left, t.now().Add(jobAge)}
}

// dropOldest deletes the job that expires first. The caller holds the lock.
func (t *jobTable) dropOldest() {
	oldest := ""
	for id, j := range t.jobs {
		if oldest == "" || j.expires.Before(t.jobs[oldest].expires) {
			oldest = id
		}
	}
	if j, ok := t.jobs[oldest]; ok {
		j.server.discard(j.raw)
		delete(t.jobs, oldest)
	}
}

// fetched records that a client has a result, and deletes the job if it was the last.
func (t *jobTable) fetched(s *server, raw, format string) {
	t.mu.Lock()
	j, known := t.jobs[s.jobID(raw)]
	t.mu.Unlock()
	if !known { // made before the gateway was restarted
		t.add(s, raw, "png", "jpg")
		t.fetched(s, raw, format)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(j.left, format)
	if len(j.left) == 0 && s.discard(raw) {
		delete(t.jobs, s.jobID(raw))
	}
}

// forget removes a job that a client has deleted.
func (t *jobTable) forget(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.jobs, id)
}

// expire deletes old jobs.
func (t *jobTable) expire() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, j := range t.jobs {
		if t.now().After(j.expires) && j.server.discard(j.raw) {
			delete(t.jobs, id)
		}
	}
}

// tidyJobs deletes jobs until ctx ends.
func (g *Gateway) tidyJobs(ctx context.Context) {
	var deleting sync.WaitGroup
	defer deleting.Wait()
	for _, s := range g.servers {
		deleting.Go(func() { g.deleteJobs(ctx, s) })
	}
	ticker := time.NewTicker(expiryInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			g.jobs.expire()
		}
	}
}

// deleteJobs deletes jobs on one server. If that fails, because the server is busy or
// not responding, it tries again after the usual interval.
func (g *Gateway) deleteJobs(ctx context.Context, s *server) {
	for {
		select {
		case <-ctx.Done():
			return
		case raw := <-s.deletions:
			if s.client.DeleteJob(ctx, raw) != nil {
				g.jobs.add(s, raw, "png", "jpg")
			}
		}
	}
}
