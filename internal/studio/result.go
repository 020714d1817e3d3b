package studio

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/djok/facecraft/internal/batch"
	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/studio/spool"
)

// report records the result of a photo.
func (sh *shift) report(r batch.Result) {
	s := sh.studio
	if sh.crew.explain != nil {
		r = sh.crew.explain(sh.ctx, r)
	}
	s.mu.Lock()
	id := sh.ids[r.Job]
	s.mu.Unlock()
	switch r.Outcome {
	case batch.Pending:
		sh.over.Store(true)
		sh.putBack(id)
	case batch.Failed:
		sh.settle(id, func(p *spool.Photo) { failAs(p, r.Err, r.Cause) })
	default:
		s.answered(sh.crew)
		sh.settle(id, func(p *spool.Photo) {
			s.made(p, r.Job, sh.crew.engine)
			p.Note, p.Seconds, p.Version = r.Note, format.Seconds(r.Took), p.Version+1
		})
	}
}

// remedies are the fixes for failures, by cause.
var remedies = map[batch.Cause]string{
	batch.NoFace:      "use a photo that shows one face from the front, large and well lit",
	batch.Unreadable:  "open the photo in another program and save it as JPEG",
	batch.ServerError: "make it again",
	batch.StopsServer: "try it again, or save it as JPEG with fewer pixels and add that",
	batch.Unwritable:  "check that the folder can be written to and has room",
}

func failAs(p *spool.Photo, err error, cause batch.Cause) {
	what := err.Error()
	if cause == batch.StopsServer { // batch's text names a flag
		what = "the server stopped twice while processing this photo"
	}
	fail(p, what, remedies[cause])
}

// putBack returns a photo to the queue.
func (sh *shift) putBack(id string) {
	s := sh.studio
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.making, id)
	delete(s.touched, id)
	if p, found := s.find(id); found {
		s.tell(p)
	}
}

// settle ends the work on a photo. If the user changed it in the meantime, the
// result is recorded, but the user's state and settings stay.
func (sh *shift) settle(id string, change func(*spool.Photo)) {
	s := sh.studio
	s.mu.Lock()
	defer s.mu.Unlock()
	touched := s.touched[id]
	delete(s.making, id)
	delete(s.touched, id)
	_, _ = s.updateLocked(id, func(p *spool.Photo) error { // fails if the photo was removed, which is fine
		before := *p
		p.What, p.Fix, p.Note = "", "", ""
		p.State, p.Again = spool.Done, false
		change(p)
		if touched {
			p.State, p.Again, p.Settings = before.State, before.Again, before.Settings
		}
		if p.State == spool.Out {
			s.discard(p, p.Files)
			p.Files = nil
		}
		return nil
	})
}

// made records a photo's portrait, and removes the files that it replaces.
func (s *Studio) made(p *spool.Photo, job *batch.Job, engine string) {
	var files, stale []string
	for _, result := range job.Results {
		if rel, err := filepath.Rel(s.config.Folder, result); err == nil {
			files = append(files, filepath.ToSlash(rel))
		}
	}
	for _, file := range p.Files {
		if !slices.Contains(files, file) {
			stale = append(stale, file)
		}
	}
	_ = job.Discard(s.absolute(stale)) // one that was changed since then is kept
	p.Files = files
	if engine != "" {
		p.Engine = engine
	}
}

// inTheWay explains that a portrait's path is taken by a file of different origin.
func (s *Studio) inTheWay(p *spool.Photo, job *batch.Job) {
	if p.Version > 0 {
		p.Note = "the portrait was changed by another program, and was left as it is"
		return
	}
	names := make([]string, 0, len(job.Results))
	for _, result := range job.Results {
		names = append(names, filepath.Base(result))
	}
	fail(p, "the folder has a file "+strings.Join(names, " or ")+" that was not made from this photo",
		"give this portrait another name, or move that file")
}

func fail(p *spool.Photo, what, fix string) { p.State, p.What, p.Fix = spool.Failed, what, fix }

// discard removes a photo's results, unless they were changed since then.
func (s *Studio) discard(p *spool.Photo, files []string) {
	jobs, err := s.planJobs([]string{batch.PNG}, []batch.Photo{s.photoOf(*p)}, nil)
	if err == nil {
		_ = jobs[0].Discard(s.absolute(files))
	}
}
