package upgrade

import (
	"errors"
	"os"
)

// swap keeps the target as old and puts fresh in its place. Windows can rename a
// running program, but not replace it.
func swap(target, fresh, old string) error {
	if err := os.Rename(target, old); err != nil {
		return err
	}
	if err := os.Rename(fresh, target); err != nil {
		return errors.Join(err, os.Rename(old, target))
	}
	return nil
}
