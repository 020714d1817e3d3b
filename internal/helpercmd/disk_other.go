//go:build !linux

package helpercmd

import "errors"

// FreeDisk works on Linux only: elsewhere, images are stored in a virtual
// machine.
func FreeDisk(string) (int64, error) { return 0, errors.ErrUnsupported }
