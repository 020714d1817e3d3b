package batch

import (
	"errors"
	"fmt"

	"github.com/djok/facecraft/internal/api"
)

// StopsServerError is the error for a photo that makes servers stop responding.
type StopsServerError struct {
	Why error // the last error; nil in a later run
}

func (d *StopsServerError) Error() string {
	if d.Why == nil {
		return "the server stopped twice while processing this photo in an earlier run; use --force to try again"
	}
	return fmt.Sprintf("the server stopped twice while processing this photo (%s)", api.Brief(d.Why))
}

func (d *StopsServerError) Unwrap() error { return d.Why }

func causeOf(err error) Cause {
	var rejected *api.Rejected
	var unreadable *api.Unreadable
	var disk *unwritable
	var stops *StopsServerError
	switch {
	case errors.As(err, &stops):
		return StopsServer
	case errors.As(err, &rejected) && rejected.NoFace():
		return NoFace
	case errors.As(err, &rejected):
		return Refused
	case errors.As(err, &unreadable):
		return Unreadable
	case errors.As(err, &disk):
		return Unwritable
	}
	return ServerError
}
