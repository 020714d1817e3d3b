package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"syscall"
	"time"
)

// Errors while processing a photo are distinguished by what helps:
//
//   - *Rejected: the photo is at fault, every server will refuse it;
//   - *Unreadable: the photo could not be read from disk completely;
//   - *Failed: the server failed, another attempt may succeed;
//   - *UnexpectedResponse: this is not a facecraft server, or it denies access;
//   - Unreachable: no response, or only part of one.

// Rejected is a photo the server refused, giving a reason. Retrying does not
// help.
type Rejected struct {
	Code    string // such as no_face_detected; free text for a broken image
	Message string // for people, may be empty
}

// NoFace reports whether the server found no face.
func (r *Rejected) NoFace() bool { return r.Code == "no_face_detected" }

func (r *Rejected) Error() string {
	switch {
	case r.NoFace():
		return "no face found in the photo"
	case r.Message != "":
		return r.Message
	}
	return r.Code
}

// Unreadable is a photo whose file failed, or changed, during the upload.
type Unreadable struct{ Cause error }

func (u *Unreadable) Error() string { return "cannot read the whole file: " + u.Cause.Error() }

func (u *Unreadable) Unwrap() error { return u.Cause }

// Failed is a server failure that may not happen again.
type Failed struct {
	Status int // HTTP status, or 0 if the content of the response was wrong
	Detail string
	After  time.Duration // how long the server asks us to wait, or 0
	// Settled means that the same server would fail in the same way again.
	Settled bool
}

func (f *Failed) Error() string {
	if f.Status == 0 {
		return "the server sent " + f.Detail
	}
	text := fmt.Sprintf("the server returned HTTP %d", f.Status)
	if f.Detail != "" {
		text += ": " + f.Detail
	}
	return text
}

// UnexpectedResponse is a response that no facecraft server gives this client.
type UnexpectedResponse struct {
	What string // what the server did, as "sent …"
	// Denied means that it wants a bearer token, or a different one.
	Denied bool
}

func (u *UnexpectedResponse) Error() string { return "the server " + u.What }

// TokenVariable holds the bearer token for remote servers. It is not a flag,
// because everyone on a machine can read command lines.
const TokenVariable = "FACECRAFT_TOKEN"

// denied returns the error for a status that denies access, or nil.
func (c *Client) denied(status int) error {
	switch {
	case status != http.StatusUnauthorized && status != http.StatusForbidden:
		return nil
	case c.token == "":
		return &UnexpectedResponse{
			fmt.Sprintf("denied access (HTTP %d); set %s to its bearer token", status, TokenVariable),
			true,
		}
	}
	return &UnexpectedResponse{
		fmt.Sprintf("denied access (HTTP %d); it rejected the token in %s", status, TokenVariable),
		true,
	}
}

// brokenOff is a response that ended early.
type brokenOff struct{ cause error }

func (b *brokenOff) Error() string { return "the response was cut off: " + b.cause.Error() }

func (b *brokenOff) Unwrap() error { return b.cause }

// Unreachable reports whether err means that no server responded, as opposed to
// one that responded with an error.
func Unreachable(err error) bool {
	var transport *url.Error
	var broken *brokenOff
	var stalled *Stalled
	return errors.As(err, &transport) || errors.As(err, &broken) || errors.As(err, &stalled)
}

// Brief returns an error's text without the requested URL, for messages that
// already name the server.
func Brief(err error) string {
	var transport *url.Error
	if errors.As(err, &transport) {
		err = transport.Err
	}
	if errors.Is(err, io.EOF) {
		return "the server closed the connection"
	}
	return err.Error()
}

// Untouched reports whether a request never reached a server: nothing is
// listening, or the connection is blocked.
func Untouched(err error) bool {
	var dial *net.OpError
	return errors.As(err, &dial) && dial.Op == "dial"
}

// Silent reports whether something accepted the request but did not respond in
// time, or dropped it. Servers behind a port published by Docker do that while
// they load their models, and while they are busy with a photo.
func Silent(err error) bool {
	if Untouched(err) {
		return false
	}
	return slices.ContainsFunc([]error{context.DeadlineExceeded, io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET},
		func(silence error) bool { return errors.Is(err, silence) })
}
