package lite

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"time"

	sizes "github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/output"
)

var (
	// Earlier versions used eight digits; their files are cleaned up as well.
	jobName    = regexp.MustCompile(`^([0-9a-f]{8}|[0-9a-f]{32})$`)
	uploadName = regexp.MustCompile(`^([0-9a-f]{8}|[0-9a-f]{32})_`)
)

const (
	pngFile = "portrait.png"
	jpgFile = "portrait.jpg"
)

// newJobID returns 128 random bits in hexadecimal. Anyone who knows the ID can
// download the portrait, so it must not be guessable.
func newJobID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails: it crashes the program instead
	return hex.EncodeToString(id[:])
}

// jobDir is the output directory, with one directory per job. Names from clients
// are checked before use, and os.Root is a second safeguard.
type jobDir struct{ root *os.Root }

// save stores the results of a job, except for nil files. After an error, nothing
// of the job is left.
func (d *jobDir) save(id string, files map[string][]byte) error {
	if err := d.root.Mkdir(id, 0o755); err != nil {
		return err
	}
	for name, data := range files {
		if data == nil {
			continue
		}
		if err := d.write(path.Join(id, name), data); err != nil {
			return errors.Join(err, d.root.RemoveAll(id))
		}
	}
	return nil
}

// write creates a file atomically.
func (d *jobDir) write(name string, data []byte) error {
	unfinished := name + ".part"
	if err := d.root.WriteFile(unfinished, data, 0o644); err != nil {
		return err
	}
	return d.root.Rename(unfinished, name)
}

func (d *jobDir) exists(id string) bool {
	if !jobName.MatchString(id) {
		return false
	}
	info, err := d.root.Stat(id)
	return err == nil && info.IsDir()
}

func (d *jobDir) open(id, file string) (*os.File, error) {
	return d.root.Open(path.Join(id, file))
}

func (d *jobDir) remove(id string) error { return d.root.RemoveAll(id) }

// maxUploadBytes is the limit for one photo, the same as in the images.
const maxUploadBytes = 20 << 20

var errUploadTooLarge = errors.New("upload too large: the limit is " + sizes.Memory(maxUploadBytes))

// uploadDir keeps received photos on disk until they are processed: twenty waiting
// requests could take 400 MB of memory.
type uploadDir struct{ root *os.Root }

// save stores a photo under a random name.
func (d *uploadDir) save(r io.Reader) (name string, err error) {
	name = newJobID() + "_upload"
	file, err := output.Create(d.root.OpenFile, name, 0o600)
	if err != nil {
		return "", err
	}
	size, err := io.Copy(file, io.LimitReader(r, maxUploadBytes+1))
	if err == nil && size > maxUploadBytes {
		err = errUploadTooLarge
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return "", errors.Join(err, d.root.Remove(name))
	}
	return name, nil
}

func (d *uploadDir) open(name string) (*os.File, error) { return d.root.Open(name) }

func (d *uploadDir) remove(name string) error { return d.root.Remove(name) }

// path is the path of an upload, for error messages.
func (d *uploadDir) path(name string) string { return path.Join(d.root.Name(), name) }

// removeOld removes files with a matching name that have not been modified since
// before, and returns their number. All other files are left alone.
func removeOld(root *os.Root, ours *regexp.Regexp, before time.Time) (removed int) {
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return 0
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || !ours.MatchString(entry.Name()) || !info.ModTime().Before(before) {
			continue
		}
		if root.RemoveAll(entry.Name()) == nil {
			removed++
		}
	}
	return removed
}
