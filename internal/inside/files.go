package inside

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Hidden commands of this program that deal with a server's files in its
// place: one proves that its user can write to them, the other gives them to
// that user.
const (
	WriteCommand = "write-inside"
	GiveCommand  = "give-inside"
)

// Place is a directory that a server writes to.
type Place struct {
	Path string `json:"path"`
	// Problem is why it cannot be written to; empty when it can.
	Problem string `json:"problem,omitempty"`
	Owner   string `json:"owner,omitempty"` // uid:gid
	Mode    string `json:"mode,omitempty"`  // as ls shows it
}

// Write proves that files can be made in the directories, by making one in
// each.
func Write(dirs []string) []Place {
	var places []Place
	for _, dir := range dirs {
		place := Place{Path: dir}
		if info, err := os.Stat(dir); err == nil {
			place.Owner, place.Mode = owner(info), info.Mode().String()
		}
		file, err := os.CreateTemp(dir, ".facecraft-")
		if err != nil {
			place.Problem = cause(err).Error()
		} else {
			file.Close()
			os.Remove(file.Name())
		}
		places = append(places, place)
	}
	return places
}

// cause is an error without the name of the file that was tried.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// Give makes a user the owner of directories and of all that is in them. Links
// are changed themselves, never what they lead to.
func Give(uid, gid int, dirs []string) error {
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if err := os.Lchown(path, uid, gid); err != nil {
				return err
			}
			if !entry.IsDir() {
				return nil
			}
			info, err := entry.Info()
			if err != nil {
				return err
			}
			return os.Chmod(path, info.Mode()|0o700)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
