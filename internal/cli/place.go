package cli

import (
	"errors"
	"io/fs"
	"net"
	"os"

	"github.com/djok/facecraft/internal/fault"
)

// noTemporary is why a photo or an image that is on its way cannot be kept.
func noTemporary(err error) error {
	return fault.Wrap(fault.Failed, err, "set TMPDIR to a directory that exists and that you may write to", "no temporary file can be made")
}

// placed explains whatever is missing where the working directory was deleted:
// nothing that is named from there can be found.
func placed(err error) error {
	var network *net.OpError
	_, lost := os.Getwd()
	if lost == nil || !errors.Is(err, fs.ErrNotExist) || errors.As(err, &network) {
		return err
	}
	return fault.New(fault.CodeOf(err), "cd to a directory that exists", "the working directory was deleted")
}
