package studio

import (
	"errors"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/djok/facecraft/internal/batch"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/studio/spool"
)

// errNoPhoto is the error for an unknown ID, or one that was removed.
var errNoPhoto = errors.New("this photo is no longer here")

// titleOf is the initial name of a photo's portrait.
func titleOf(name string) string {
	base := path.Base(name)
	return strings.TrimSuffix(base, path.Ext(base))
}

// update changes a photo, and notifies pages and workers. If change returns an
// error, nothing changes.
func (s *Studio) update(id string, change func(*spool.Photo) error) (photoView, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.updateLocked(id, change)
}

func (s *Studio) updateLocked(id string, change func(*spool.Photo) error) (photoView, error) {
	p, found := s.find(id)
	if !found {
		return photoView{}, errNoPhoto
	}
	if err := change(&p); err != nil {
		return photoView{}, err
	}
	if err := s.spool.Put(p); err != nil {
		return photoView{}, err
	}
	return s.tell(p), nil
}

// tell sends a photo to the pages. The caller holds s.mu.
func (s *Studio) tell(p spool.Photo) photoView {
	v := s.photoView(p)
	s.events.Send("photo", v)
	s.wake.send()
	return v
}

func (s *Studio) find(id string) (spool.Photo, bool) {
	return s.spool.Find(func(p spool.Photo) bool { return p.ID == id })
}

// add adds a copy to the list, unless the same photo is already in it.
func (s *Studio) add(name string, settings Settings, c *spool.Copy) (v photoView, isNew bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, found := s.spool.Find(func(p spool.Photo) bool { return p.Sum == c.Sum && p.Name == name })
	if found {
		c.Discard()
		if before.State != spool.Out {
			return s.photoView(before), false, nil
		}
		v, err = s.updateLocked(before.ID, func(p *spool.Photo) error {
			p.State, p.Settings = spool.Waiting, settings.json()
			return nil
		})
		return v, false, err
	}
	p, err := s.spool.Add(c, spool.Photo{Name: name, Title: titleOf(name), Settings: settings.json(),
		State: spool.Waiting})
	if err != nil {
		return v, false, err
	}
	return s.tell(p), true, nil
}

// addFiles adds files on this machine, which stay where they are.
func (s *Studio) addFiles(args []string) error {
	if len(args) == 0 {
		return nil
	}
	finder := batch.Finder{Recursive: true, Avoid: s.config.Folder}
	found, _, err := finder.Find(args)
	if err != nil {
		return fault.Wrap(fault.Failed, err, "check the name", "cannot list the photos")
	}
	for _, photo := range found {
		if err := s.refer(photo); err != nil {
			return err
		}
	}
	return nil
}

func (s *Studio) refer(photo batch.Photo) error {
	place, err := filepath.Abs(photo.Path)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, found := s.spool.Find(func(p spool.Photo) bool { return p.Path == place && p.State != spool.Out }); found {
		return nil
	}
	p := spool.Photo{Path: place, Name: spool.SafeName(filepath.ToSlash(photo.Rel)), Title: titleOf(filepath.Base(place)),
		Settings: stored(s.spool.Settings()).json(), State: spool.Waiting}
	if photo.Problem != nil {
		p.State, p.What = spool.Failed, photo.Problem.Error()
	}
	if info, err := os.Stat(place); err == nil {
		p.Size = info.Size()
	}
	if p, err = s.spool.Refer(p); err != nil {
		return err
	}
	s.tell(p)
	return nil
}

// photoOf returns a photo for batch.
func (s *Studio) photoOf(p spool.Photo) batch.Photo {
	name := p.Name
	rel := path.Join(path.Dir(name), p.Title+path.Ext(name))
	return batch.Photo{Path: s.spool.File(p), Name: name, Rel: filepath.FromSlash(rel), Spooled: p.Path == ""}
}

// absolute returns the absolute paths of results.
func (s *Studio) absolute(files []string) (list []string) {
	for _, file := range files {
		list = append(list, filepath.Join(s.config.Folder, filepath.FromSlash(file)))
	}
	return list
}
