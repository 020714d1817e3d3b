package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/batch"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/output"
	"github.com/djok/facecraft/internal/photo"
	"github.com/djok/facecraft/internal/pool"
	"github.com/djok/facecraft/internal/report"
	"github.com/djok/facecraft/internal/term"
)

const (
	// maxListed bounds the photos that are listed for one cause.
	maxListed = 20
	// previewSide is the size of a preview, in pixels.
	previewSide = 320
)

// show tells people and scripts what becomes of the photos.
type show struct {
	app      *app
	spool    string
	json     bool
	null     bool
	preview  bool
	toStdout bool // the portrait itself goes there
	terminal bool // standard output is one
	watching bool
	page     output.File    // of --report; its path is empty without
	jobs     []*batch.Job   // only for a page
	entries  []report.Entry // only for a page

	mu                         sync.Mutex // in a watch photos arrive meanwhile
	total, done, kept, pending int
	foreign                    int // of those that are kept
	finished                   int // in this run
	failures                   map[batch.Cause][]string
	notes                      []string // on backgrounds
	begun                      time.Time
	writeErr                   error
}

func newShow(a *app, c *cli.Context, spool string) *show {
	s := &show{app: a, spool: spool, json: c.Bool("json"), null: c.Bool("null"), preview: c.Bool("preview"),
		terminal: term.IsTerminal(a.Stdout), watching: c.Bool("watch"),
		failures: map[batch.Cause][]string{}, begun: time.Now()}
	s.page = output.File{Path: c.String("report"), Stream: a.Stdout, Force: c.Bool("force"), Flag: "--force",
		Earlier: report.IsPage,
		Needed:  func(path string, info fs.FileInfo) string { return batch.Needed(s.jobs, path, info) }}
	return s
}

func (s *show) close() {
	if s.spool != "" {
		os.RemoveAll(s.spool)
	}
}

// Expect is told which photos there are, before any work is done, and refuses
// a page that cannot be written.
func (s *show) Expect(jobs []*batch.Job) error {
	if s.page.Path == "" {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.jobs = append(s.jobs, jobs...)
	return s.page.Check()
}

// Begin reports what needs no server.
func (s *show) Begin(total int, selected batch.Selected) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total += total
	for _, job := range selected.Failed {
		s.count(batch.Result{Job: job, Outcome: batch.Failed, Err: job.Problem, Cause: job.Blame})
	}
	for _, job := range selected.Kept {
		s.count(batch.Result{Job: job, Outcome: batch.Kept})
	}
	s.foreign += selected.Protected
	if !s.watching {
		s.finished, s.begun = 0, time.Now()
	}
}

// Result reports one photo.
func (s *show) Result(r batch.Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count(r)
}

func (s *show) count(r batch.Result) {
	s.finished++
	switch r.Outcome {
	case batch.Done:
		s.done++
		s.note(r)
	case batch.Kept:
		s.kept++
	case batch.Pending:
		s.pending++
		return
	case batch.Failed:
		s.failures[r.Cause] = append(s.failures[r.Cause], term.Name(r.Name)+": "+r.Err.Error())
		if s.watching {
			s.app.ui.Warn("%s: %v", term.Name(r.Name), r.Err)
		}
	}
	if s.page.Path != "" {
		s.entries = append(s.entries, entry(r))
	}
	s.print(r)
	s.progress()
}

// note tells of a background that was not simply replaced: at once where few photos come, at
// the end where there are many.
func (s *show) note(r batch.Result) {
	switch text := term.Name(r.Name) + ": background " + r.Note; {
	case r.Note == "":
	case s.watching || s.total == 1:
		s.app.ui.Warn("%s", text)
	default:
		s.notes = append(s.notes, text)
	}
}

// PassedOver tells which files were named and are not processed. Portraits that
// were made here are counted only: shells find them beside the photos.
func (s *show) PassedOver(photos []batch.Photo) {
	earlier, reasons := 0, []string{}
	for _, photo := range photos {
		if s.json {
			s.written(json.NewEncoder(s.app.Stdout).
				Encode(line(batch.Result{Job: &batch.Job{Photo: photo}, Outcome: batch.Skipped, Err: photo.Problem})))
		}
		if errors.Is(photo.Problem, batch.ErrEarlier) {
			earlier++
		} else {
			reasons = append(reasons, term.Name(photo.Name)+": "+photo.Problem.Error())
		}
	}
	if earlier > 0 {
		s.app.ui.Say("skipped: %s made earlier", format.Count(earlier, "portrait", "portraits"))
	}
	if len(reasons) > 0 {
		s.app.ui.Warn("%s", listed("skipped", reasons, "--json"))
	}
}

// print writes what belongs on standard output.
func (s *show) print(r batch.Result) {
	if s.json {
		s.app.ui.Clear()
		s.written(json.NewEncoder(s.app.Stdout).Encode(line(r)))
		return
	}
	if r.Outcome == batch.Failed || s.page.Path == output.Stdout {
		return
	}
	if s.toStdout {
		s.written(s.copy(r.Results[0]))
		return
	}
	if r.Outcome == batch.Done && s.preview {
		s.picture(r.Results[0])
	}
	s.app.ui.Clear()
	for _, result := range r.Results {
		text := result + "\n"
		switch {
		case s.null:
			text = result + "\x00"
		case s.terminal:
			text = term.Name(result) + "\n"
		}
		_, err := io.WriteString(s.app.Stdout, text)
		s.written(err)
	}
}

// written notes the first failure to write to standard output. A reader that
// left wants no more, which is none.
func (s *show) written(err error) {
	if s.writeErr == nil && !errors.Is(err, syscall.EPIPE) {
		s.writeErr = err
	}
}

func (s *show) copy(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(s.app.Stdout, file)
	return err
}

func entry(r batch.Result) report.Entry {
	e := report.Entry{Photo: r.Path, Name: r.Name, Outcome: string(r.Outcome), Cause: string(r.Cause),
		Seconds: seconds(r.Took)}
	if r.Spooled {
		e.Photo = ""
	}
	if r.Err != nil {
		e.Why = r.Err.Error()
	} else if len(r.Results) > 0 {
		e.Results, e.Note = r.Results, r.Note
	}
	return e
}

// picture shows a portrait in the terminal.
func (s *show) picture(path string) {
	var small bytes.Buffer
	if err := photo.Thumbnail(&small, path, previewSide); err != nil {
		s.app.ui.Warn("cannot preview %s: %v", term.Name(path), err)
	} else if !s.app.ui.Picture(small.Bytes(), s.app.Getenv) {
		s.app.ui.Warn("this terminal cannot show images; --preview needs kitty, Ghostty, WezTerm or iTerm2")
		s.preview = false
	}
}

// Waiting says what takes long.
func (s *show) Waiting(w batch.Wait) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := fmt.Sprintf("%d s: %s", int(w.For.Seconds()), waitText(w))
	if s.total > 1 && !s.watching {
		text = s.counts() + " · " + text
	}
	s.app.ui.Progress("%s", text)
}

func waitText(w batch.Wait) string {
	name := term.Name(filepath.Base(w.Photo))
	switch w.Phase {
	case batch.Sending:
		return "sending " + name + " to " + w.Server
	case batch.Working:
		return w.Server + " is working on " + name
	case batch.Fetching:
		return "fetching the portrait of " + name + " from " + w.Server
	case batch.Pausing:
		return w.Server + " asked for a pause"
	}
	return "waiting for " + w.Server + " to answer again"
}

// progress is the one line that is rewritten.
func (s *show) progress() {
	if s.total < 2 || s.watching {
		return
	}
	text := s.counts()
	if elapsed := time.Since(s.begun); s.finished > 0 && elapsed > time.Second {
		rate := float64(s.finished) / elapsed.Seconds()
		left := time.Duration(float64(s.total-s.done-s.kept-s.failed()) / rate * float64(time.Second))
		text += fmt.Sprintf(" · %.1f a second · %s left", rate, format.Elapsed(left))
	}
	s.app.ui.Progress("%s", text)
}

func (s *show) counts() string {
	text := fmt.Sprintf("%d of %d", s.done+s.kept+s.failed(), s.total)
	if failed := s.failed(); failed > 0 {
		text += fmt.Sprintf(", %d without a portrait", failed)
	}
	return text
}

func (s *show) failed() (n int) {
	for _, list := range s.failures {
		n += len(list)
	}
	return n
}

// End sums up, and is the command's error. runErr is why it ended early.
func (s *show) End(ctx context.Context, runErr error) error {
	s.app.ui.Clear()
	if !s.watching {
		s.listFailures()
		if len(s.notes) > 0 {
			s.app.ui.Warn("%s", listed("backgrounds to look at", s.notes, "--json or --report"))
		}
	}
	s.sum()
	if err := s.writePage(); err != nil {
		return err
	}
	var none *pool.NoServer
	switch failed := s.failed(); {
	case s.watching && runErr == nil && s.pending == 0: // failures were told as they came
		return nil
	case ctx.Err() != nil:
		return fault.New(fault.Interrupted, "run the same command again to continue",
			"interrupted: %d of %d photos are done", s.done+s.kept, s.total)
	case errors.As(runErr, &none):
		hint := "run the same command again to continue"
		if remedy := fault.HintOf(none.Why); remedy != "" {
			hint = remedy + "; then " + hint
		}
		return fault.Wrap(fault.Server, none.Why, hint, "%s not done, and no server is left to do it",
			format.Count(s.pending, "photo is", "photos are"))
	case runErr != nil:
		return runErr
	case s.writeErr != nil:
		return fault.Wrap(fault.Failed, s.writeErr, "", "cannot write to standard output")
	case failed == 0:
		return nil
	case s.total == 1:
		return fault.New(fault.Photos, "", "no portrait was made")
	default:
		return fault.New(fault.Photos, "", "%d of %d photos failed", failed, s.total)
	}
}

func (s *show) writePage() error {
	if s.page.Path == "" {
		return nil
	}
	err := s.page.Write(func(w io.Writer) error { return report.Write(w, filepath.Dir(s.page.Path), s.entries) })
	if err == nil && s.page.Path != output.Stdout {
		s.app.ui.Done("Wrote the report to %s", term.Name(s.page.Path))
	}
	return err
}
