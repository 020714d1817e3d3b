package batch

import "sync"

// blamed holds the photos that stopped a server. They are recorded in the
// journal only once a server has proven to work, with another photo or by being
// ready at the end: a server that stops on every photo is broken itself.
type blamed struct {
	mu     sync.Mutex
	photos []blamedPhoto
}

type blamedPhoto struct {
	journal *journal
	entry   entry
}

// blame notes a photo that later runs should not try again unless it changes.
func (r *Run) blame(t *task) {
	r.blamed.mu.Lock()
	defer r.blamed.mu.Unlock()
	for i, result := range t.job.Results {
		if t.job.protect[i] {
			continue
		}
		e, before := t.source.entry, t.job.journal.entryFor(result)
		e.Result, e.ResultSize, e.ResultTime = t.job.journal.relative(result), before.ResultSize, before.ResultTime
		e.Options, e.ImageID, e.StopsServer = r.Recipe.String(), t.member.Server.ImageID, true
		r.blamed.photos = append(r.blamed.photos, blamedPhoto{t.job.journal, e})
	}
}

// recordBlamed records the blamed photos in the journal.
func (r *Run) recordBlamed() {
	r.blamed.mu.Lock()
	defer r.blamed.mu.Unlock()
	for _, v := range r.blamed.photos {
		_ = v.journal.add(v.entry) // best effort: without it, a later run tries the photo again
	}
	r.blamed.photos = nil
}
