package inside

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Hidden commands that run in a helper container with a server's files: one
// checks that the server's user can write to them, the other changes their
// owner to that user.
const (
	WriteCommand = "write-inside"
	GiveCommand  = "give-inside"
)

// Place is a directory that a server writes to.
type Place struct {
	Path string `json:"path"`
	// Problem is why it is not writable; empty if it is.
	Problem string `json:"problem,omitempty"`
	Owner   string `json:"owner,omitempty"` // uid:gid
	Mode    string `json:"mode,omitempty"`  // as shown by ls
}

// Write tests whether the directories are writable by creating a file in each.
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

// cause strips the name of the test file from an error.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// Give changes the owner of directories and everything in them. Links are
// changed themselves, never followed.
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
