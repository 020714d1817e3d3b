package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/djok/facecraft/internal/format"
)

// signatures are the first bytes of the images that are downloaded, trailers
// the last.
var (
	signatures = map[string]string{"png": "\x89PNG\r\n\x1a\n", "jpg": "\xff\xd8\xff"}
	trailers   = map[string]string{"png": "IEND\xaeB`\x82", "jpg": "\xff\xd9"}
)

var imageTooLarge = "an image larger than " + format.Memory(maxImage)

// Download writes a job's portrait ("png" or "jpg") to w. It returns an error
// unless that is a complete image of the right format.
func (c *Client) Download(ctx context.Context, w io.Writer, job, format string) error {
	ctx, cancel := context.WithTimeout(ctx, c.downloadTimeout)
	defer cancel()
	var flow flow
	ctx, unguard := c.guard(ctx, &flow, "the download")
	defer unguard()
	response, err := c.do(ctx, http.MethodGet, "/api/v1/download/"+job+"/"+format)
	if err != nil {
		return err
	}
	flow.active.Store(true) // until now, the server may have been busy
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound: // the server was restarted or cleaned up
		return &Failed{Status: http.StatusNotFound, Detail: "the result no longer exists"}
	default:
		return c.refusal(response)
	}
	ends := &endsWriter{w: w}
	body := &answerReader{reader: flow.reader(io.LimitReader(response.Body, maxImage+1))}
	n, err := io.Copy(ends, body)
	switch {
	case body.err != nil:
		return because(ctx, &brokenOff{body.err})
	case err != nil:
		return err
	case n > maxImage:
		return &Failed{Detail: imageTooLarge}
	case !strings.HasPrefix(string(ends.first), signatures[format]) ||
		!strings.HasSuffix(string(ends.last), trailers[format]):
		return &Failed{Detail: "an incomplete or invalid " + strings.ToUpper(format)}
	}
	return nil
}

// answerReader remembers its error, to tell server errors from disk errors.
type answerReader struct {
	reader io.Reader
	err    error
}

func (a *answerReader) Read(p []byte) (int, error) {
	n, err := a.reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		a.err = err
	}
	return n, err
}

// endsWriter remembers the first and last bytes written.
type endsWriter struct {
	w           io.Writer
	first, last []byte
}

func (e *endsWriter) Write(p []byte) (int, error) {
	const ends = 8
	if missing := ends - len(e.first); missing > 0 {
		e.first = append(e.first, p[:min(missing, len(p))]...)
	}
	e.last = append(e.last, p[max(0, len(p)-ends):]...)
	e.last = e.last[max(0, len(e.last)-ends):]
	return e.w.Write(p)
}
