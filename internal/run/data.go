package run

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/plan"
)

// MakeDirectories creates the plan's missing directories, so that the daemon
// does not create them as root. Under sudo they will belong to the caller.
func MakeDirectories(c plan.Container) error {
	for _, b := range c.Binds {
		if b.ReadOnly {
			continue // its files are there, or the daemon says what is missing
		}
		missing := missingParts(b.Source)
		if err := os.MkdirAll(b.Source, 0o755); err != nil {
			return fault.Wrap(fault.Failed, err, "choose another with --data", "cannot create the data directory")
		}
		if b.Owner == nil || os.Getuid() != 0 {
			continue
		}
		for _, dir := range missing {
			if err := os.Lchown(dir, b.Owner.UID, b.Owner.GID); err != nil {
				return err
			}
		}
	}
	return nil
}

// missingParts returns the directories that MkdirAll will create for path.
func missingParts(path string) []string {
	var missing []string
	for {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			return missing
		}
		missing = append(missing, path)
		path = filepath.Dir(path)
	}
}
