package api

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxDetail limits how much of a server's text is quoted in an error, in bytes.
const maxDetail = 500

// refusal turns a response other than 200 into an error. The detail is a text,
// or a list of invalid form fields.
func (c *Client) refusal(response *http.Response) error {
	data, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return &brokenOff{err}
	}
	var answer struct {
		Detail json.RawMessage `json:"detail"`
	}
	_ = json.Unmarshal(data, &answer) // without a detail, the status has to suffice
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
		seconds, _ := strconv.Atoi(response.Header.Get("Retry-After")) // dates are ignored
		return &Failed{Status: status, Detail: detail, After: time.Duration(max(seconds, 0)) * time.Second}
	case detail != "" && (status == http.StatusBadRequest || status == http.StatusRequestEntityTooLarge ||
		status == http.StatusUnprocessableEntity):
		return &Rejected{Code: detail}
	case detail != "" && status == http.StatusMisdirectedRequest: // the server does not accept this host name
		return &UnexpectedResponse{What: fmt.Sprintf("denied access (HTTP %d): %s", status, detail)}
	case status == http.StatusRequestEntityTooLarge:
		return &Rejected{Code: "the photo is too large for the server"}
	}
	return &UnexpectedResponse{What: fmt.Sprintf("sent an unexpected response (HTTP %d)", status)}
}
