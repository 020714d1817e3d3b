package spool

import (
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// State is the state of a photo.
type State string

// The states that outlive the program.
const (
	Waiting State = "waiting"
	Done    State = "done"
	Failed  State = "failed"
	Out     State = "out" // left out: no portrait is wanted
)

// Photo is what is known about a photo and its portrait.
type Photo struct {
	ID    string `json:"id"`
	Name  string `json:"name"`  // as shown: a path inside the folder it came with, with slashes
	Title string `json:"title"` // the name of its portrait, without the extension
	// Path is the file on this machine that was named, or "" for a copy in the
	// spool.
	Path string `json:"path,omitempty"`
	Sum  string `json:"sum,omitempty"` // SHA-256 of a copy
	Size int64  `json:"size"`          // in bytes

	Settings json.RawMessage `json:"settings"`
	State    State           `json:"state"`
	// Again means that a portrait by a different engine should be made again.
	Again bool `json:"again,omitempty"`
	Kept  bool `json:"kept,omitempty"`

	Files   []string `json:"files,omitempty"` // relative to the results' directory, with slashes
	Engine  string   `json:"engine,omitempty"`
	Note    string   `json:"note,omitempty"`
	What    string   `json:"what,omitempty"` // went wrong
	Fix     string   `json:"fix,omitempty"`
	Version int      `json:"version"` // of the portrait
	Seconds float64  `json:"seconds,omitempty"`
}

// idLength is the number of characters of an ID.
const idLength = 16

func newID() string { return strings.ToLower(rand.Text()[:idLength]) }

// File returns where a photo is.
func (s *Spool) File(p Photo) string {
	if p.Path != "" {
		return p.Path
	}
	return filepath.Join(s.dir, photosName, p.ID)
}

// Picture returns the path for caching a picture of a photo; what names the
// picture.
func (s *Spool) Picture(p Photo, what string) string {
	return filepath.Join(s.dir, picturesDir, p.ID+"-"+what)
}

func (s *Spool) removePictures(id string) {
	pictures, _ := filepath.Glob(filepath.Join(s.dir, picturesDir, id) + "-*") // best effort
	for _, picture := range pictures {
		os.Remove(picture)
	}
}

// Photos returns all photos in the order of arrival.
func (s *Spool) Photos() []Photo {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Photo, 0, len(s.order))
	for _, id := range s.order {
		list = append(list, s.photos[id])
	}
	return list
}

// Find returns the first photo for which is returns true, if any.
func (s *Spool) Find(is func(Photo) bool) (Photo, bool) {
	list := s.Photos()
	if i := slices.IndexFunc(list, is); i >= 0 {
		return list[i], true
	}
	return Photo{}, false
}

// Put adds or replaces a photo.
func (s *Spool) Put(p Photo) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remember(p)
	return s.append(line{Photo: &p})
}

// Refer adds a file on this machine, which stays where it is.
func (s *Spool) Refer(p Photo) (Photo, error) {
	p.ID = newID()
	return p, s.Put(p)
}

// Forget removes photos and their copies. Portraits are kept.
func (s *Spool) Forget(ids ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		if err := s.append(line{Gone: id}); err != nil {
			return err
		}
		s.drop(id)
		os.Remove(filepath.Join(s.dir, photosName, id)) // a file that was named has no copy
		s.removePictures(id)
	}
	return nil
}

func (s *Spool) remember(p Photo) {
	if _, known := s.photos[p.ID]; !known {
		s.order = append(s.order, p.ID)
	}
	s.photos[p.ID] = p
}

func (s *Spool) drop(id string) {
	delete(s.photos, id)
	s.order = slices.DeleteFunc(s.order, func(each string) bool { return each == id })
}
