// Package shortcut puts Facecraft Studio into the desktop's menus, also as a
// program to open photos with. On each system it is two or three files of this
// user; nothing else is changed.
package shortcut

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/output"
	"github.com/djok/facecraft/internal/term"
)

const (
	// id names the studio to desktops.
	id   = "io.facecraft.Studio"
	name = "Facecraft Studio"
	// command is the argument that starts the studio.
	command = "studio"
)

// desktop is where a system keeps what its menus show.
type desktop interface {
	// files are the files, or directories, that install makes.
	files() []string
	// install makes them, or replaces them by new ones that start the program.
	install(program string) error
	// refresh is called after a change.
	refresh()
}

// Install makes or renews the entries, and says which files they are.
func Install(getenv func(string) string, say func(format string, args ...any)) error {
	menus, err := system(getenv)
	if err != nil {
		return err
	}
	program, err := program()
	if err == nil {
		err = menus.install(program)
	}
	if err != nil {
		return fault.Wrap(fault.Failed, err, "", "cannot add %s to the menus", name)
	}
	menus.refresh()
	for _, file := range menus.files() {
		say("Added %s", term.Name(file))
	}
	return nil
}

// Remove removes the entries, and says which files they were.
func Remove(getenv func(string) string, say func(format string, args ...any)) error {
	menus, err := system(getenv)
	if err != nil {
		return err
	}
	removed := 0
	for _, file := range menus.files() {
		if _, err := os.Lstat(file); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := os.RemoveAll(file); err != nil {
			return fault.Wrap(fault.Failed, err, "", "cannot remove %s from the menus", name)
		}
		say("Removed %s", term.Name(file))
		removed++
	}
	if removed == 0 {
		say("%s is not in the menus", name)
	}
	menus.refresh()
	return nil
}

// program is the path of this program. The name by which a shell finds it is
// preferred: behind a link, package managers keep each version elsewhere.
func program() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	if found, err := exec.LookPath(filepath.Base(self)); err == nil && sameFile(found, self) {
		return filepath.Abs(found)
	}
	return self, nil
}

func sameFile(a, b string) bool {
	first, err := os.Stat(a)
	if err != nil {
		return false
	}
	second, err := os.Stat(b)
	return err == nil && os.SameFile(first, second)
}

// write writes a file that the desktop may be reading.
func write(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	temporary, err := output.Temporary(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name()) // unless it was placed by then
	_, err = temporary.Write(content)
	if err = errors.Join(err, temporary.Close()); err != nil {
		return err
	}
	return output.Place(temporary.Name(), path, true)
}
