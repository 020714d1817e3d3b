// Package spool keeps the photos that were dropped on a page, with a record of
// each, in a directory: if the program ends, the next one continues from there.
//
// Photos are copies of files that their owner still has, so they and the log
// are not synced to disk one by one: they survive the end of the program, even
// kill -9, but perhaps not a power failure. Portraits do.
package spool

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/gofrs/flock"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/output"
)

// DirName is the hidden directory in a results' directory.
const DirName = ".facecraft-studio"

const (
	lockName    = "lock"
	logName     = "studio.jsonl"
	photosName  = "photos"
	picturesDir = "pictures" // small versions, which can be made again at any time
)

// ErrBusy means that another process is using the spool.
var ErrBusy = errors.New("another facecraft studio uses this folder")

// Spool is an open spool. It belongs to one process at a time.
type Spool struct {
	dir  string
	lock *flock.Flock

	mu       sync.Mutex
	log      *os.File
	photos   map[string]Photo
	order    []string // IDs in the order of arrival
	settings json.RawMessage
}

// line is a line of the log: a photo's new state, a removal, or the settings.
type line struct {
	Photo    *Photo          `json:"photo,omitempty"`
	Gone     string          `json:"gone,omitempty"` // the ID of a removed photo
	Settings json.RawMessage `json:"settings,omitempty"`
}

// Open opens the spool of a results' directory, and creates both if necessary.
// The error is ErrBusy if another process is using it.
func Open(results string) (*Spool, error) {
	s := &Spool{dir: filepath.Join(results, DirName), photos: map[string]Photo{}}
	if err := output.MakeDir(results); err != nil {
		return nil, unusable(err)
	}
	for _, dir := range []string{s.dir, filepath.Join(s.dir, photosName), filepath.Join(s.dir, picturesDir)} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, unusable(err)
		}
	}
	s.lock = flock.New(filepath.Join(s.dir, lockName))
	if locked, err := s.lock.TryLock(); err != nil || !locked {
		if err == nil {
			err = ErrBusy
		}
		return nil, errors.Join(err, s.lock.Close())
	}
	if err := s.read(); err != nil {
		return nil, errors.Join(err, s.lock.Close())
	}
	return s, nil
}

func unusable(err error) error {
	return fault.Wrap(fault.Failed, err, "choose a different folder with -o", "cannot use the results' folder")
}

// read reads the log and replaces it with one without history. The last line may
// be incomplete; so may the log's replacement.
func (s *Spool) read() error {
	path := filepath.Join(s.dir, logName)
	file, err := os.Open(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil {
		s.replay(file)
		file.Close()
	}
	s.sweep()
	if err := s.rewrite(path + ".new"); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	s.log, err = os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0o600)
	return err
}

func (s *Spool) replay(r io.Reader) {
	lines := bufio.NewReader(r)
	for {
		text, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var l line
		if json.Unmarshal(text, &l) != nil {
			continue
		}
		switch {
		case l.Photo != nil:
			s.remember(*l.Photo)
		case l.Gone != "":
			s.drop(l.Gone)
		case l.Settings != nil:
			s.settings = l.Settings
		}
	}
}

func (s *Spool) rewrite(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(file)
	encoder := json.NewEncoder(out)
	if s.settings != nil {
		err = encoder.Encode(line{Settings: s.settings})
	}
	for _, id := range s.order {
		p := s.photos[id]
		err = errors.Join(err, encoder.Encode(line{Photo: &p}))
	}
	return errors.Join(err, out.Flush(), file.Sync(), file.Close())
}

// sweep removes the files of interrupted uploads and of removed photos.
func (s *Spool) sweep() {
	for _, sub := range []string{photosName, picturesDir} {
		entries, _ := os.ReadDir(filepath.Join(s.dir, sub)) // best effort
		for _, entry := range entries {
			if _, known := s.photos[entry.Name()[:min(idLength, len(entry.Name()))]]; !known {
				os.Remove(filepath.Join(s.dir, sub, entry.Name()))
			}
		}
	}
}

// Close makes the spool available to the next process.
func (s *Spool) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.log.Close(), s.lock.Close())
}

func (s *Spool) append(l line) error {
	text, err := json.Marshal(l)
	if err == nil {
		_, err = s.log.Write(append(text, '\n')) // in one write, so that it is whole
	}
	return err
}

// Settings returns what SetSettings was last given, or nil.
func (s *Spool) Settings() json.RawMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings
}

// SetSettings keeps the settings for new photos, as JSON.
func (s *Spool) SetSettings(settings json.RawMessage) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings = settings
	return s.append(line{Settings: settings})
}
