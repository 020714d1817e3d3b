package fetch

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// StatusError is a response other than the blob, from a registry or from a host
// that it redirects to.
type StatusError struct {
	Code      int
	Host      string
	Elsewhere bool          // whether the registry redirected there
	After     time.Duration // how long to wait before the next request; 0 means not specified
	Reason    string        // in the registry's own words; empty if it gave none
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("unexpected http status: %d %s from %s", e.Code, http.StatusText(e.Code), e.Host)
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	return text
}

func statusError(response *http.Response, home string) error {
	host := response.Request.URL.Host
	e := &StatusError{Code: response.StatusCode, Host: host, Elsewhere: host != home,
		After: retryAfter(response.Header, time.Now())}
	var answer *transport.Error
	if errors.As(transport.CheckError(response), &answer) && len(answer.Errors) > 0 {
		e.Reason = answer.Errors[0].String()
	}
	return e
}

// errNoRanges means that a range request returned the whole blob.
var errNoRanges = errors.New("ranges are not honoured")

// errAnswer means that a response cannot contain the blob.
var errAnswer = errors.New("the answer is not what was asked for")

// judge checks that a response contains the blob's bytes starting at first.
func judge(response *http.Response, b *blob, first int64, asked bool) error {
	if encoding := response.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return fmt.Errorf("%w: it is encoded as %s", errAnswer, encoding)
	}
	switch response.StatusCode {
	case http.StatusPartialContent:
		b.honourRanges()
		return judgeRange(response.Header.Get("Content-Range"), b.Blob, first)
	case http.StatusOK:
		if length := response.ContentLength; length >= 0 && length != b.Size {
			return fmt.Errorf("%w: it has %d bytes instead of %d", errAnswer, length, b.Size)
		}
		if asked {
			return errNoRanges
		}
		return nil
	}
	return statusError(response, b.source.repository.RegistryStr())
}

// judgeRange checks a header such as bytes 0-499/1234. A range that ends early is
// fine: the rest is requested again.
func judgeRange(header string, b Blob, first int64) error {
	extent, ok := strings.CutPrefix(header, "bytes ")
	extent, total, ok2 := strings.Cut(extent, "/")
	begin, _, ok3 := strings.Cut(extent, "-")
	if !ok || !ok2 || !ok3 || begin != strconv.FormatInt(first, 10) {
		return fmt.Errorf("%w: it is the range %q, from %d on was asked for", errAnswer, header, first)
	}
	if total != "*" && total != strconv.FormatInt(b.Size, 10) {
		return fmt.Errorf("%w: it is of %s bytes instead of %d", errAnswer, total, b.Size)
	}
	return nil
}

// retryAfter parses the Retry-After header, which is in seconds or a date.
func retryAfter(header http.Header, now time.Time) time.Duration {
	text := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	if date, err := http.ParseTime(text); err == nil {
		return max(date.Sub(now), 0)
	}
	return 0
}

// permanent reports whether retrying is pointless. A refusal from a host that the
// registry redirected to may only mean that the URL has expired.
func permanent(err error) bool {
	var status *StatusError
	var login *transport.Error
	switch {
	case errors.As(err, &status):
		return !status.Elsewhere && refusal(status.Code)
	case errors.As(err, &login):
		return refusal(login.StatusCode)
	}
	return errors.Is(err, ErrDisk) || errors.Is(err, ErrWrong)
}

func refusal(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return status/100 == 4
}

// overloaded reports whether a host asks for fewer requests.
func overloaded(err error) bool {
	var status *StatusError
	return errors.As(err, &status) && (status.Code == http.StatusTooManyRequests || status.Code/100 == 5)
}
