package fetch

import (
	"errors"
	"fmt"

	"github.com/djok/facecraft/internal/fault"
)

// ErrDisk means that downloaded data cannot be written.
var ErrDisk = errors.New("cannot write")

// diskError explains a failed write; nil stays nil.
func diskError(err error) error {
	switch {
	case err == nil:
		return nil
	case isFull(err):
		return fault.Wrap(fault.Failed, fmt.Errorf("%w: %w", ErrDisk, err),
			"free some space and run the same command again; it continues where it stopped",
			"the disk with the download cache is full")
	}
	return fault.Wrap(fault.Failed, fmt.Errorf("%w: %w", ErrDisk, err), "check the permissions and the disk",
		"the download cache cannot be written")
}
