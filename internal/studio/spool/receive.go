package spool

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/djok/facecraft/internal/photo"
)

// Unfit is the error for a file that is not a photo, or cannot be processed.
type Unfit struct{ Why error }

func (u *Unfit) Error() string { return u.Why.Error() }

func (u *Unfit) Unwrap() error { return u.Why }

// Copy is a received photo that has no record yet.
type Copy struct {
	Size      int64 // in bytes
	Sum       string
	temporary string
}

// Receive copies a photo, and checks its content. The error is *Unfit if the
// photo is at fault; then nothing of it is kept.
func (s *Spool) Receive(r io.Reader) (_ *Copy, err error) {
	file, err := os.CreateTemp(filepath.Join(s.dir, photosName), ".new-")
	if err != nil {
		return nil, err
	}
	c := &Copy{temporary: file.Name()}
	defer func() {
		if err = errors.Join(err, file.Close()); err != nil {
			c.Discard()
		}
	}()
	sum := sha256.New()
	if c.Size, err = io.Copy(io.MultiWriter(file, sum), r); err != nil {
		return nil, fmt.Errorf("receive the photo: %w", err)
	}
	if _, err := photo.Inspect(file, c.Size); err != nil {
		return nil, &Unfit{err}
	}
	c.Sum = hex.EncodeToString(sum.Sum(nil))
	return c, nil
}

// Discard removes a copy that is not needed.
func (c *Copy) Discard() { os.Remove(c.temporary) }

// Add gives a copy its record.
func (s *Spool) Add(c *Copy, p Photo) (Photo, error) {
	p.ID, p.Size, p.Sum = newID(), c.Size, c.Sum
	if err := os.Rename(c.temporary, s.File(p)); err != nil {
		return p, err
	}
	return p, s.Put(p)
}
