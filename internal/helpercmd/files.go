package helpercmd

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// Hidden commands that run in a helper container with a server's files: one
// checks that the server's user can write to them, the other changes their
// owner to that user.
const (
	CheckWritableCommand = "check-writable"
	ChangeOwnerCommand   = "change-owner"
)

// Directory is one that a server writes to.
type Directory struct {
	Path string `json:"path"`
	// Problem is why it is not writable; empty if it is.
	Problem string `json:"problem,omitempty"`
	Owner   string `json:"owner,omitempty"` // uid:gid
	Mode    string `json:"mode,omitempty"`  // as shown by ls
}

// CheckWritable tests whether the directories are writable by creating a file in each.
func CheckWritable(dirs []string) []Directory {
	var list []Directory
	for _, dir := range dirs {
		d := Directory{Path: dir}
		if info, err := os.Stat(dir); err == nil {
			d.Owner, d.Mode = owner(info), info.Mode().String()
		}
		file, err := os.CreateTemp(dir, ".facecraft-")
		if err != nil {
			d.Problem = cause(err).Error()
		} else {
			file.Close()
			os.Remove(file.Name())
		}
		list = append(list, d)
	}
	return list
}

// cause strips the name of the test file from an error.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// ChangeOwner takes a user ID, a group ID and directories, and changes the owner
// of the directories and everything in them. Links are changed themselves, never
// followed.
func ChangeOwner(args []string) error {
	if len(args) < 2 {
		return errors.New("want a user ID, a group ID and directories")
	}
	uid, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	for _, dir := range args[2:] {
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
