package batch

import "sync"

// accused are photos over which servers stopped answering. They are entered in
// the journal once a server proved to be sound, by another photo or by being
// ready again at the end: one that stops over any photo is at fault itself.
type accused struct {
	mu     sync.Mutex
	trials []verdict
}

type verdict struct {
	journal *journal
	entry   entry
}

// accuse notes a photo that no later run is to try again as it is.
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

// convict enters the accused in the journal.
func (r *Run) convict() {
	r.accused.mu.Lock()
	defer r.accused.mu.Unlock()
	for _, v := range r.accused.trials {
		_ = v.journal.add(v.entry) // best effort: else a later run tries it again
	}
	r.accused.trials = nil
}
