package gateway

import (
	"context"
	"sync"
	"time"
)

const (
	// jobAge is when a job is deleted that was not fetched.
	jobAge = time.Hour
	// expiryInterval is how often old jobs are looked for.
	expiryInterval = 30 * time.Second
	// maxJobs bounds the memory for jobs; beyond it the oldest go first.
	maxJobs = 100_000
)

// jobTable knows the results to delete from the servers: when they were
// fetched, or after an hour. It is lost when the gateway is restarted; then jobs
// that are fetched are still deleted, and others when the server cleans up.
type jobTable struct {
	mu   sync.Mutex
	jobs map[string]*job
	now  func() time.Time
}

// job is a result in a server.
type job struct {
	server  *server
	raw     string
	left    map[string]bool // formats that were not fetched
	expires time.Time
}

func newJobTable() *jobTable { return &jobTable{jobs: map[string]*job{}, now: time.Now} }

// add notes a job with its formats.
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

// dropOldest has the job that expires first deleted. The caller holds the lock.
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

// fetched notes that a client has a result, and deletes the job if that was the last.
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

// forget is for a job that a client has deleted.
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

// deleteJobs deletes jobs in one server. One that could not be deleted, because the
// server was busy or away, gets another turn after the usual time.
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
