package batch

import "sync"

// accused holds the photos that stopped a server. They are recorded in the
// journal only once a server has proven to work, with another photo or by being
// ready at the end: a server that stops on every photo is broken itself.
type accused struct {
	mu     sync.Mutex
	trials []verdict
}

type verdict struct {
	journal *journal
	entry   entry
}

// accuse notes a photo that later runs should not try again unless it changes.
func (r *Run) accuse(t *trial) {
	r.accused.mu.Lock()
	defer r.accused.mu.Unlock()
	for i, result := range t.job.Results {
		if t.job.protect[i] {
			continue
		}
		e, before := t.source.entry, t.job.journal.of(result)
		e.Result, e.ResultSize, e.ResultTime = t.job.journal.relative(result), before.ResultSize, before.ResultTime
		e.Options, e.ImageID, e.Deadly = r.Recipe.String(), t.server.ImageID, true
		r.accused.trials = append(r.accused.trials, verdict{t.job.journal, e})
	}
}

// convict records the accused photos in the journal.
func (r *Run) convict() {
	r.accused.mu.Lock()
	defer r.accused.mu.Unlock()
	for _, v := range r.accused.trials {
		_ = v.journal.add(v.entry) // best effort: without it, a later run tries the photo again
	}
	r.accused.trials = nil
}
