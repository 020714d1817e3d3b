package studio

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/djok/facecraft/internal/batch"
	"github.com/djok/facecraft/internal/launch"
	"github.com/djok/facecraft/internal/pool"
	"github.com/djok/facecraft/internal/studio/spool"
)

// work makes portraits until ctx ends. Photos with the same settings are
// processed together, in a shift, until the next photo needs a different one.
func (s *Studio) work(ctx context.Context) {
	for ctx.Err() == nil {
		woken := s.wake.next()
		if head, servers := s.head(ctx); servers != nil {
			s.newShift(stored(head.Settings), servers).work(ctx)
			continue
		}
		select {
		case <-woken:
		case <-ctx.Done():
		}
	}
}

// head is the next photo, and the servers for it. A portrait that the user asked
// to make again comes first.
func (s *Studio) head(ctx context.Context) (head spool.Photo, servers *crew) {
	for _, p := range s.spool.Photos() {
		if !s.isWaiting(p) || servers != nil && (head.Again || !p.Again) {
			continue
		}
		if able := s.crewFor(ctx, stored(p.Settings)); able != nil {
			head, servers = p, able
		}
	}
	return head, servers
}

// isWaiting reports whether a photo can be sent to a server now.
func (s *Studio) isWaiting(p spool.Photo) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return p.State == spool.Waiting && !s.making[p.ID]
}

// shift processes photos with the same settings on the same servers.
type shift struct {
	studio   *Studio
	ctx      context.Context
	settings Settings
	recipe   batch.Recipe
	crew     *crew
	over     atomic.Bool // no more photos are handed out
	planned  map[string]task
	ids      map[*batch.Job]string
}

// task is a photo as it was when its results' paths were chosen.
type task struct {
	photo spool.Photo
	job   *batch.Job
}

func (s *Studio) newShift(settings Settings, c *crew) *shift {
	return &shift{studio: s, settings: settings, recipe: settings.recipe(), crew: c, ids: map[*batch.Job]string{}}
}

func (sh *shift) work(ctx context.Context) {
	s := sh.studio
	sh.ctx = ctx
	jobs := make(chan *batch.Job)
	go sh.feed(ctx, jobs)
	run := &batch.Run{Servers: sh.crew.servers, Recipe: sh.recipe, Report: sh.report, Notice: s.notice,
		Timeout: s.config.Request.Timeout, Swaps: launch.SwapsRedAndBlue}
	err := run.Do(ctx, jobs)
	var none *pool.NoServer
	if errors.As(err, &none) {
		s.lose(sh.crew, none)
	}
}

// feed hands out photos until the next one needs a different shift.
func (sh *shift) feed(ctx context.Context, jobs chan<- *batch.Job) {
	defer close(jobs)
	s := sh.studio
	for ctx.Err() == nil && !sh.over.Load() {
		woken := s.wake.next()
		head, servers := s.head(ctx)
		switch {
		case s.crewFor(ctx, sh.settings) != sh.crew, servers != nil && stored(head.Settings) != sh.settings:
			return
		case servers == nil:
			select {
			case <-woken:
			case <-ctx.Done():
			}
			continue
		}
		t, ready := sh.begin(head)
		if !ready {
			continue
		}
		select {
		case jobs <- t.job:
		case <-ctx.Done():
			sh.putBack(head.ID)
		}
	}
}

// begin marks a photo as being processed, unless there is nothing to do.
func (sh *shift) begin(p spool.Photo) (task, bool) {
	s := sh.studio
	t, known := sh.planned[p.ID]
	if !known || !samePlan(t.photo, p) {
		if err := sh.plan(); err != nil {
			sh.settle(p.ID, func(p *spool.Photo) { fail(p, err.Error(), "") })
			return t, false
		}
		if t, known = sh.planned[p.ID]; !known {
			return t, false // it was changed in the meantime
		}
	}
	selection := batch.Selection{Recipe: sh.recipe}
	if p.Again {
		selection.ImageIDs = sh.crew.imageIDs()
	}
	selected := selection.Select([]*batch.Job{t.job})
	switch {
	case len(selected.Failed) > 0 && p.Again && t.job.Blame == batch.StopsServer:
		t.job.Problem = nil // the user wants it tried once more
		return t, sh.mark(t)
	case len(selected.Failed) > 0:
		sh.settle(p.ID, func(p *spool.Photo) { failAs(p, t.job.Problem, t.job.Blame) })
	case selected.Protected > 0:
		sh.settle(p.ID, func(p *spool.Photo) { s.inTheWay(p, t.job) })
	case len(selected.Kept) > 0:
		sh.settle(p.ID, func(p *spool.Photo) {
			s.made(p, t.job, "")
			p.Version = max(p.Version, 1)
		})
	default:
		return t, sh.mark(t)
	}
	return t, false
}

// mark marks a photo as being processed, unless the user has just changed it.
func (sh *shift) mark(t task) bool {
	s := sh.studio
	s.mu.Lock()
	defer s.mu.Unlock()
	now, found := s.find(t.photo.ID)
	if !found || !samePlan(now, t.photo) {
		return false
	}
	s.making[now.ID] = true
	sh.ids[t.job] = now.ID
	s.events.Send("photo", s.photoView(now))
	return true
}

// samePlan reports whether a photo is still wanted as it was planned.
func samePlan(a, b spool.Photo) bool {
	return a.Title == b.Title && a.State == b.State && string(a.Settings) == string(b.Settings)
}

// plan chooses the paths for all photos that have none yet. Photos with a portrait
// keep theirs, which the journal records.
func (sh *shift) plan() error {
	s := sh.studio
	var photos, done []batch.Photo
	var open []spool.Photo
	for _, p := range s.spool.Photos() {
		if p.State == spool.Waiting {
			open, photos = append(open, p), append(photos, s.photoOf(p))
		} else {
			done = append(done, s.photoOf(p))
		}
	}
	jobs, err := s.planJobs(sh.recipe.Formats, photos, done)
	if err != nil {
		return err
	}
	sh.planned = map[string]task{}
	for i, job := range jobs {
		sh.planned[open[i].ID] = task{open[i], job}
	}
	return nil
}

// planJobs plans with the folder's single journal.
func (s *Studio) planJobs(formats []string, photos, done []batch.Photo) ([]*batch.Job, error) {
	s.planning.Lock()
	defer s.planning.Unlock()
	s.planner.Formats = formats
	return s.planner.Plan(photos, done...)
}
