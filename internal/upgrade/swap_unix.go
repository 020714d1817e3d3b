//go:build unix

package upgrade

import "os"

// swap keeps the target as old and puts fresh in its place. There is always a
// program at the target. It fails if old exists, as output.Create does; a link
// keeps the file itself, which a copy would not.
func swap(target, fresh, old string) error {
	if err := os.Link(target, old); err != nil {
		return err
	}
	if err := os.Rename(fresh, target); err != nil {
		os.Remove(old)
		return err
	}
	return nil
}
