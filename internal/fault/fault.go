// Package fault is the form of every error shown to people: what happened, why,
// what to do about it, and the exit code for scripts. The hint is attached
// where the mistake is detected, because only that place knows the remedy.
package fault

import (
	"context"
	"errors"
	"fmt"
)

// Code is an exit code of the program.
type Code int

// The exit codes, as docs/guide.md documents them.
const (
	Done        Code = 0
	Failed      Code = 1   // anything without a more specific code
	Usage       Code = 2   // the command line is wrong
	Unrunnable  Code = 3   // nothing here can run it: no Docker, too few resources
	Declined    Code = 4   // declined, or needed consent that was not given
	Photos      Code = 5   // some photos could not be processed
	Server      Code = 6   // the server died or never became ready
	Pitfall     Code = 7   // lint or verify found a pitfall
	Interrupted Code = 130 // Ctrl-C, as shells report SIGINT
	Unread      Code = 141 // the reader closed the pipe, as shells report SIGPIPE
)

// Fault is an error with an exit code and a remedy.
type Fault struct {
	Code  Code
	What  string // what happened, lower case, without a full stop
	Hint  string // what to do about it; empty if there is nothing
	Cause error  // why: the underlying error, or nil
}

// New makes a Fault without an underlying error.
func New(code Code, hint, format string, args ...any) *Fault {
	return &Fault{Code: code, What: fmt.Sprintf(format, args...), Hint: hint}
}

// Wrap makes a Fault that shows its underlying error and keeps it for
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

// CodeOf returns the exit code for any error: that of the outermost Fault,
// Interrupted for a cancelled context, or Failed.
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

// HintOf returns the hint of the outermost Fault in err, or "".
func HintOf(err error) string {
	var f *Fault
	if errors.As(err, &f) {
		return f.Hint
	}
	return ""
}
