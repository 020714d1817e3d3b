package batch

import (
	"os"
	"path/filepath"
	"slices"

	"github.com/djok/facecraft/internal/output"
)

// unplaced is a complete result that still has a temporary name.
type unplaced struct {
	journal           *journal
	entry             entry
	temporary, result string

	committed bool // or failed
	err       error
}

// commit records results in the journal and gives them their final names. A
// sync takes about the same time however much there is to write, so results
// that are finished during a sync share the next one.
func (r *results) commit(results ...*unplaced) error {
	r.mu.Lock()
	r.waiting = append(r.waiting, results...)
	r.mu.Unlock()
	r.committing.Lock()
	defer r.committing.Unlock()
	// If another goroutine has already committed these results, there is nothing
	// left to do: those that arrived since are committed by the first one waiting.
	if slices.ContainsFunc(results, func(u *unplaced) bool { return !u.committed }) {
		r.mu.Lock()
		group := r.waiting
		r.waiting = nil
		r.mu.Unlock()
		r.commitAll(group)
	}
	for _, u := range results {
		if u.err != nil {
			return u.err
		}
	}
	return nil
}

func (r *results) commitAll(group []*unplaced) {
	byJournal := map[*journal][]*unplaced{}
	for _, u := range group {
		byJournal[u.journal] = append(byJournal[u.journal], u)
	}
	byDirectory := map[string][]*unplaced{}
	for j, list := range byJournal {
		var before, entries []entry
		for _, u := range list {
			before, entries = append(before, j.entryFor(u.result)), append(entries, u.entry)
		}
		err := j.add(entries...)
		for i, u := range list {
			if u.err = err; err == nil {
				u.err = r.place(u.temporary, u.result, before[i])
			}
			dir := filepath.Dir(u.result)
			byDirectory[dir] = append(byDirectory[dir], u)
		}
	}
	for dir, list := range byDirectory {
		err := output.SyncDir(dir)
		for _, u := range list {
			if u.committed = true; u.err == nil {
				u.err = err
			}
		}
	}
}

// place gives a file its final name. An existing file is replaced if facecraft
// made it, or with force.
func (r *results) place(temporary, result string, before entry) error {
	info, err := os.Lstat(result)
	replace := err == nil && info.Mode().IsRegular() && (r.force || info.Size() == 0 || before.made(info))
	return output.Place(temporary, result, replace)
}
