package studio

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/djok/facecraft/internal/batch"
	"github.com/djok/facecraft/internal/studio/spool"
)

// setSettings changes the settings for new photos.
func (s *Studio) setSettings(r *http.Request) (int, any, error) {
	settings, err := readSettings(r)
	if err != nil {
		return 0, nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.spool.SetSettings(settings.json()); err != nil {
		return 0, nil, err
	}
	s.events.Send("settings", settings)
	return http.StatusOK, settings, nil
}

func readSettings(r *http.Request) (Settings, error) {
	var text json.RawMessage
	if err := read(r, &text); err != nil {
		return Settings{}, err
	}
	return parseSettings(text)
}

// selection says which photos an action applies to.
type selection struct {
	IDs      *[]string       `json:"ids"` // nil: the action's default
	Settings json.RawMessage `json:"settings"`
	Kept     bool            `json:"kept"`
	Out      bool            `json:"out"`
}

// each changes the photos of a selection or, if it names none, those for which
// usual returns true.
func (s *Studio) each(sel selection, usual func(spool.Photo) bool, change func(*spool.Photo) error) error {
	var ids []string
	if sel.IDs != nil {
		ids = *sel.IDs
	} else {
		for _, p := range s.spool.Photos() {
			if usual(p) {
				ids = append(ids, p.ID)
			}
		}
	}
	for _, id := range ids {
		if _, err := s.update(id, change); err != nil {
			return err
		}
	}
	return nil
}

// touch records that the user changed a photo, if a server is processing it. The
// caller holds s.mu.
func (s *Studio) touch(p *spool.Photo) {
	if s.making[p.ID] {
		s.touched[p.ID] = true
	}
}

// again makes portraits again, with different settings or a different engine.
func (s *Studio) again(r *http.Request) (int, any, error) {
	var sel selection
	if err := read(r, &sel); err != nil {
		return 0, nil, err
	}
	var settings json.RawMessage
	if len(sel.Settings) > 0 && string(sel.Settings) != "null" {
		parsed, err := parseSettings(sel.Settings)
		if err != nil {
			return 0, nil, err
		}
		settings = parsed.json()
	}
	all := func(p spool.Photo) bool { return !p.Kept && p.State != spool.Out }
	return 0, nil, s.each(sel, all, func(p *spool.Photo) error {
		if settings != nil {
			p.Settings = settings
		}
		p.State, p.Again, p.What, p.Fix = spool.Waiting, true, "", ""
		s.touch(p)
		return nil
	})
}

func (s *Studio) keep(r *http.Request) (int, any, error) {
	var sel selection
	if err := read(r, &sel); err != nil {
		return 0, nil, err
	}
	done := func(p spool.Photo) bool { return p.State == spool.Done }
	return 0, nil, s.each(sel, done, func(p *spool.Photo) error {
		p.Kept = sel.Kept
		return nil
	})
}

// leave leaves photos out: their portraits are removed, and made again if the
// photos are put back.
func (s *Studio) leave(r *http.Request) (int, any, error) {
	var sel selection
	if err := read(r, &sel); err != nil {
		return 0, nil, err
	}
	none := func(spool.Photo) bool { return false }
	return 0, nil, s.each(sel, none, func(p *spool.Photo) error {
		switch {
		case sel.Out:
			p.State, p.What, p.Fix = spool.Out, "", ""
			s.discard(p, p.Files)
			p.Files = nil
		case p.State == spool.Out:
			p.State = spool.Waiting
		}
		s.touch(p)
		return nil
	})
}

// rename gives a portrait a new name.
func (s *Studio) rename(r *http.Request) (int, any, error) {
	var wanted struct{ ID, Name string }
	if err := read(r, &wanted); err != nil {
		return 0, nil, err
	}
	title := spool.SafeTitle(wanted.Name)
	if title == "" {
		return 0, nil, &problem{http.StatusBadRequest, errors.New("a name needs at least one letter or digit")}
	}
	view, err := s.update(wanted.ID, func(p *spool.Photo) error {
		if s.making[p.ID] {
			return &problem{http.StatusConflict, errors.New("the portrait is being made; rename it afterwards")}
		}
		p.Title = title
		if p.State == spool.Failed { // perhaps because of the name
			p.State, p.What, p.Fix = spool.Waiting, "", ""
		}
		return s.move(p)
	})
	return http.StatusOK, view, err
}

// move gives a photo's portrait the name that its title asks for.
func (s *Studio) move(p *spool.Photo) error {
	if len(p.Files) == 0 {
		return nil
	}
	var others []batch.Photo
	for _, other := range s.spool.Photos() {
		if other.ID != p.ID {
			others = append(others, s.photoOf(other))
		}
	}
	jobs, err := s.planJobs(stored(p.Settings).recipe().Formats, append(others, s.photoOf(*p)), nil)
	if err != nil {
		return err
	}
	job := jobs[len(jobs)-1]
	if err := job.Move(s.absolute(p.Files)); err != nil {
		return &problem{http.StatusConflict, err}
	}
	s.made(p, job, "")
	return nil
}

// clear forgets photos, and their copies. Portraits stay in the folder.
func (s *Studio) clear(r *http.Request) (int, any, error) {
	var sel selection
	if err := read(r, &sel); err != nil {
		return 0, nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for _, p := range s.spool.Photos() {
		wanted := sel.IDs != nil && slices.Contains(*sel.IDs, p.ID)
		if (sel.IDs == nil || wanted) && p.State != spool.Waiting && !s.making[p.ID] {
			ids = append(ids, p.ID)
		}
	}
	if err := s.spool.Forget(ids...); err != nil {
		return 0, nil, err
	}
	s.events.Send("state", s.view())
	return 0, nil, nil
}

func (s *Studio) takeAnswer(r *http.Request) (int, any, error) {
	var given struct{ ID, Value string }
	if err := read(r, &given); err != nil {
		return 0, nil, err
	}
	if !s.answerWith(given.ID, given.Value) {
		return 0, nil, &problem{http.StatusConflict, errors.New("this question is no longer asked")}
	}
	return 0, nil, nil
}

func (s *Studio) tryAgain(*http.Request) (int, any, error) {
	s.retry.send()
	return 0, nil, nil
}

// end is Ctrl-C for a studio that was started from a menu.
func (s *Studio) end(*http.Request) (int, any, error) {
	s.stop()
	return 0, nil, nil
}

func (s *Studio) openFolder(*http.Request) (int, any, error) {
	if s.config.Open == nil || !s.config.Open(s.config.Folder) {
		return 0, nil, &problem{http.StatusConflict, errors.New("no file manager can be opened here")}
	}
	return 0, nil, nil
}
