package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// What can go wrong with a photo differs in what helps:
//
//   - *Rejected: the photo is at fault, the same answer comes everywhere;
//   - *Unreadable: it could not be read from the disk to its end;
//   - *Failed: the server stumbled, another attempt may succeed;
//   - *Foreign: the server is none of ours, or does not let us in;
//   - Unreachable: no answer, or half of one.

// Rejected is the server's reasoned refusal of a photo. Asking again gives the
// same answer.
type Rejected struct {
	Code    string // as no_face_detected; free text for a broken image
	Message string // for people, may be empty
}

// NoFace tells whether no face was found.
func (r *Rejected) NoFace() bool { return r.Code == "no_face_detected" }

func (r *Rejected) Error() string {
	switch {
	case r.NoFace():
		return "no face found in the picture"
	case r.Message != "":
		return r.Message
	}
	return r.Code
}

// Unreadable is a photo whose file failed, or changed, during the upload.
type Unreadable struct{ Cause error }

func (u *Unreadable) Error() string { return "it could not be read to its end: " + u.Cause.Error() }

func (u *Unreadable) Unwrap() error { return u.Cause }

// Failed is a server's failure that need not repeat itself.
type Failed struct {
	Status int // of HTTP, or 0 when the answer's content was wrong
	Detail string
	After  time.Duration // how long the server asks to wait, or 0
	// Settled tells that the same server would do the same again.
	Settled bool
}

func (f *Failed) Error() string {
	if f.Status == 0 {
		return "the server sent " + f.Detail
	}
	text := fmt.Sprintf("the server answered HTTP %d", f.Status)
	if f.Detail != "" {
		text += ": " + f.Detail
	}
	return text
}

// Foreign is an answer that no facecraft server gives to this client.
type Foreign struct {
	What string
	// Denied tells that it asks for a token, or for another one.
	Denied bool
}

func (f *Foreign) Error() string { return "the server gave " + f.What }

// TokenVariable holds the bearer token that is shown to servers elsewhere. It
// is no flag: everybody on the machine can read a command line.
const TokenVariable = "FACECRAFT_TOKEN"

// denied is the error of an answer that refuses access, or nil.
func (c *Client) denied(status int) error {
	switch {
	case status != http.StatusUnauthorized && status != http.StatusForbidden:
		return nil
	case c.token == "":
		return &Foreign{fmt.Sprintf("no access (HTTP %d); set %s to its bearer token", status, TokenVariable), true}
	}
	return &Foreign{fmt.Sprintf("no access (HTTP %d); it rejects the token in %s", status, TokenVariable), true}
}

// brokenOff is an answer that began and did not end.
type brokenOff struct{ cause error }

func (b *brokenOff) Error() string { return "the answer broke off: " + b.cause.Error() }

func (b *brokenOff) Unwrap() error { return b.cause }

// Unreachable tells whether an error means that no server answered, in
// contrast to one that answered with a failure.
func Unreachable(err error) bool {
	var transport *url.Error
	var broken *brokenOff
	var stalled *Stalled
	return errors.As(err, &transport) || errors.As(err, &broken) || errors.As(err, &stalled)
}

// Brief is an error without the address that was asked, where that stands
// beside it already.
func Brief(err error) string {
	var transport *url.Error
	if errors.As(err, &transport) {
		err = transport.Err
	}
	if errors.Is(err, io.EOF) {
		return "it closed the connection"
	}
	return err.Error()
}

// Untouched tells whether a request did not get as far as a server: nothing
// listens, or the way there is blocked.
func Untouched(err error) bool {
	var dial *net.OpError
	return errors.As(err, &dial) && dial.Op == "dial"
}

// Silent tells whether something took the request and did not answer in time,
// or dropped it: servers do that while they load their models, behind a port
// that Docker publishes, or while they are busy with a photo.
func Silent(err error) bool {
	if Untouched(err) {
		return false
	}
	return slices.ContainsFunc([]error{context.DeadlineExceeded, io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET},
		func(silence error) bool { return errors.Is(err, silence) })
}

// maxDetail bounds a server's text in an error, in bytes.
const maxDetail = 500

// refusal reads an answer that is not 200. The detail is a text, or a list of
// what is wrong with the form's fields.
func (c *Client) refusal(response *http.Response) error {
	data, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return &brokenOff{err}
	}
	var answer struct {
		Detail json.RawMessage `json:"detail"`
	}
	_ = json.Unmarshal(data, &answer) // without a detail the status has to do
	detail := string(answer.Detail)
	var plain string
	if json.Unmarshal(answer.Detail, &plain) == nil {
		detail = plain
	}
	if len(detail) > maxDetail {
		detail = strings.ToValidUTF8(detail[:maxDetail], "") + "…"
	}
	status := response.StatusCode
	switch {
	case c.denied(status) != nil:
		return c.denied(status)
	case status == http.StatusRequestTimeout || status == http.StatusTooManyRequests || status >= 500:
		seconds, _ := strconv.Atoi(response.Header.Get("Retry-After")) // a date counts as none
		return &Failed{Status: status, Detail: detail, After: time.Duration(max(seconds, 0)) * time.Second}
	case detail != "" && (status == http.StatusBadRequest || status == http.StatusRequestEntityTooLarge || status == http.StatusUnprocessableEntity):
		return &Rejected{Code: detail}
	case detail != "" && status == http.StatusMisdirectedRequest: // it has another name
		return &Foreign{What: fmt.Sprintf("no access (HTTP %d): %s", status, detail)}
	case status == http.StatusRequestEntityTooLarge:
		return &Rejected{Code: "it is too large for the server"}
	}
	return &Foreign{What: fmt.Sprintf("an answer that is not the contract's (HTTP %d)", status)}
}

func impossibleJob(job string) error {
	return &Foreign{What: fmt.Sprintf("a job an impossible name: %.80q", job)}
}
