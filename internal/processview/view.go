// Package processview shows what `process` does: progress, results, failures and
// totals, for people, and as JSON or names for scripts.
package processview

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/djok/facecraft/internal/batch"
	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/output"
	"github.com/djok/facecraft/internal/report"
	"github.com/djok/facecraft/internal/term"
)

const (
	// maxListed limits the photos that are listed for one cause.
	maxListed = 20
	// previewSide is the size of a preview, in pixels.
	previewSide = 320
)

// View tells people and scripts what happens to the photos.
type View struct {
	UI       *term.UI
	Stdout   io.Writer
	Getenv   func(string) string
	Spool    string // a temporary directory that Close removes; "" if there is none
	JSON     bool
	Null     bool // NUL ends the names of results
	Preview  bool
	ToStdout bool // the portrait itself goes there
	Watching bool
	Page     output.File // of --report; its path is empty without

	terminal bool           // standard output is one
	jobs     []*batch.Job   // only for a page
	entries  []report.Entry // only for a page

	mu                         sync.Mutex // photos keep arriving with --watch
	total, done, kept, pending int
	protected                  int // of those that are kept
	finished                   int // in this run
	failures                   map[batch.Cause][]string
	notes                      []string // on backgrounds
	begun                      time.Time
	writeErr                   error
}

// New starts counting for a View whose exported fields are set.
func New(v *View) *View {
	v.terminal, v.failures, v.begun = term.IsTerminal(v.Stdout), map[batch.Cause][]string{}, time.Now()
	v.Page.Needed = func(path string, info fs.FileInfo) string { return batch.Needed(v.jobs, path, info) }
	return v
}

// Close removes the temporary directory.
func (v *View) Close() {
	if v.Spool != "" {
		os.RemoveAll(v.Spool)
	}
}

// Expect receives the photos before any work is done, and refuses a page that
// cannot be written.
func (v *View) Expect(jobs []*batch.Job) error {
	if v.Page.Path == "" {
		return nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.jobs = append(v.jobs, jobs...)
	return v.Page.Check()
}

// Begin reports what needs no server.
func (v *View) Begin(total int, selected batch.Selected) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.total += total
	for _, job := range selected.Failed {
		v.count(batch.Result{Job: job, Outcome: batch.Failed, Err: job.Problem, Cause: job.Blame})
	}
	for _, job := range selected.Kept {
		v.count(batch.Result{Job: job, Outcome: batch.Kept})
	}
	v.protected += selected.Protected
	if !v.Watching {
		v.finished, v.begun = 0, time.Now()
	}
}

// Result reports one photo.
func (v *View) Result(r batch.Result) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.count(r)
}

func (v *View) count(r batch.Result) {
	v.finished++
	switch r.Outcome {
	case batch.Done:
		v.done++
		v.note(r)
	case batch.Kept:
		v.kept++
	case batch.Pending:
		v.pending++
		return
	case batch.Failed:
		v.failures[r.Cause] = append(v.failures[r.Cause], term.Name(r.Name)+": "+r.Err.Error())
		if v.Watching {
			v.UI.Warn("%s: %v", term.Name(r.Name), r.Err)
		}
	}
	if v.Page.Path != "" {
		v.entries = append(v.entries, entry(r))
	}
	v.print(r)
	v.progress()
}

// note reports a background that was not simply replaced: at once for a single photo or
// with --watch, otherwise at the end.
func (v *View) note(r batch.Result) {
	switch text := term.Name(r.Name) + ": background " + r.Note; {
	case r.Note == "":
	case v.Watching || v.total == 1:
		v.UI.Warn("%s", text)
	default:
		v.notes = append(v.notes, text)
	}
}

// PassedOver reports named files that are not processed. Portraits that facecraft
// made are only counted: shell patterns match them along with the photos.
func (v *View) PassedOver(photos []batch.Photo) {
	earlier, reasons := 0, []string{}
	for _, photo := range photos {
		if v.JSON {
			v.written(json.NewEncoder(v.Stdout).
				Encode(line(batch.Result{Job: &batch.Job{Photo: photo}, Outcome: batch.Skipped, Err: photo.Problem})))
		}
		if errors.Is(photo.Problem, batch.ErrEarlier) {
			earlier++
		} else {
			reasons = append(reasons, term.Name(photo.Name)+": "+photo.Problem.Error())
		}
	}
	if earlier > 0 {
		v.UI.Say("skipped: %s made earlier", format.Count(earlier, "portrait", "portraits"))
	}
	if len(reasons) > 0 {
		v.UI.Warn("%s", listed("skipped", reasons, "--json"))
	}
}
