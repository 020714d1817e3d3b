package cli

import (
	"errors"
	"io/fs"
	"net"
	"os"

	"github.com/djok/facecraft/internal/fault"
)

// placed explains errors that a deleted working directory causes: no relative
// path can be found.
func placed(err error) error {
	var network *net.OpError
	_, lost := os.Getwd()
	if lost == nil || !errors.Is(err, fs.ErrNotExist) || errors.As(err, &network) {
		return err
	}
	return fault.New(fault.CodeOf(err), "cd to a directory that exists", "the working directory was deleted")
}
