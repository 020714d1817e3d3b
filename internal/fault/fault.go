// Package fault is the one shape of an error that a person reads: what
// happened, why, the one thing to do, and the exit code that a script sees.
// The hint is attached where the mistake is detected, because only that place
// knows the remedy.
package fault

import (
	"context"
	"errors"
	"fmt"
)

// Code is an exit code of the program.
type Code int

// The exit codes, as the README documents them.
const (
	Done        Code = 0
	Failed      Code = 1   // anything without a code of its own
	Usage       Code = 2   // the command line is wrong
	Unrunnable  Code = 3   // nothing here can run it: Docker missing, resources
	Declined    Code = 4   // declined, or needs a consent that was not given
	Photos      Code = 5   // some photos could not be processed
	Server      Code = 6   // the server died or never became ready
	Pitfall     Code = 7   // lint or verify found a pitfall
	Interrupted Code = 130 // Ctrl-C, as shells report SIGINT
	Unread      Code = 141 // the reader of its output left, as shells report SIGPIPE
)

// Fault is an error with an exit code and a remedy.
type Fault struct {
	Code  Code
	What  string // what happened, lower case, without a full stop
	Hint  string // the one thing to do; empty when there is none
	Cause error  // why: the underlying error, or nil
}

// New makes a Fault without an underlying error.
func New(code Code, hint, format string, args ...any) *Fault {
	return &Fault{Code: code, What: fmt.Sprintf(format, args...), Hint: hint}
}

// Wrap makes a Fault that keeps its underlying error for the reader and for
// errors.Is.
func Wrap(code Code, cause error, hint, format string, args ...any) *Fault {
	return &Fault{Code: code, What: fmt.Sprintf(format, args...), Hint: hint, Cause: cause}
}

func (f *Fault) Error() string {
	if f.Cause == nil {
		return f.What
	}
	return f.What + ": " + f.Cause.Error()
}

func (f *Fault) Unwrap() error { return f.Cause }

// CodeOf is the exit code of any error: that of the outermost Fault, that of
// an interruption, or Failed.
func CodeOf(err error) Code {
	var f *Fault
	switch {
	case err == nil:
		return Done
	case errors.Is(err, context.Canceled):
		return Interrupted
	case errors.As(err, &f):
		return f.Code
	default:
		return Failed
	}
}

// HintOf is the remedy of the outermost Fault in err, or "".
func HintOf(err error) string {
	var f *Fault
	if errors.As(err, &f) {
		return f.Hint
	}
	return ""
}
