package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
)

// jobID matches a valid job ID. Anything else could escape from a path.
var jobID = regexp.MustCompile(`^[0-9A-Za-z-]{1,64}$`)

// DeleteJob removes a job's files from the server. Otherwise they stay until
// the server is started after they have expired.
func (c *Client) DeleteJob(ctx context.Context, job string) error {
	if !jobID.MatchString(job) {
		return invalidJob(job)
	}
	ctx, cancel := context.WithTimeout(ctx, shortTimeout)
	defer cancel()
	response, err := c.do(ctx, http.MethodDelete, "/api/v1/jobs/"+job)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	// A connection is only reused once its response has been read.
	_, err = io.CopyN(io.Discard, response.Body, maxAnswer)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return err
}

func invalidJob(job string) error {
	return &UnexpectedResponse{What: fmt.Sprintf("sent an invalid job ID: %.80q", job)}
}
