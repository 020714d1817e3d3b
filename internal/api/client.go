// Package api is the client for the server's HTTP API. It does not trust the
// server: responses are limited in size, redirects are not followed, and no
// name in a response decides where anything is written.
package api

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

const (
	// shortTimeout limits requests that a server answers at once, unless it is
	// busy: while it processes a photo it answers nothing at all.
	shortTimeout = 5 * time.Second
	// processTimeout limits one photo: even the slowest CPU takes only seconds,
	// but a busy server works through its queue first.
	processTimeout = 10 * time.Minute
	// downloadTimeout limits one download, which may have to wait for photos
	// the server is processing.
	downloadTimeout = 5 * time.Minute
	// idleTimeout is how long a connection is kept for the next request. It is
	// shorter than uvicorn's (--timeout-keep-alive, 5 s), which would otherwise
	// close connections just as they are reused.
	idleTimeout = 4 * time.Second
	// dialTimeout limits connecting, and is the interval of TCP keep-alives.
	dialTimeout = 30 * time.Second
	// sendBuffer is in bytes; at 50 ms of latency it still allows 5 MB/s.
	sendBuffer = 256 << 10
	// maxAnswer limits a JSON response and maxImage an image, in bytes.
	maxAnswer = 1 << 20
	maxImage  = 128 << 20
)

// Client talks to one server. It is safe for concurrent use.
type Client struct {
	base  string
	token string
	http  *http.Client

	processTimeout, downloadTimeout, flowWindow time.Duration

	// working counts the photos that are fully sent but not yet answered.
	working atomic.Int32
}

// New returns a client for the server at base, such as http://127.0.0.1:8000.
func New(base string) *Client { return NewWithToken(base, "") }

// NewWithToken returns a client that sends a bearer token with every request:
// the images need none, but a proxy in front of them may. The token is sent to
// base and nowhere else.
func NewWithToken(base, token string) *Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil // a proxy cannot reach servers on this machine
	transport.DialContext = dial
	transport.MaxIdleConnsPerHost = 8
	transport.IdleConnTimeout = idleTimeout
	// A small compressed response could expand without limit.
	transport.DisableCompression = true
	return &Client{
		base:  strings.TrimSuffix(base, "/"),
		token: token,
		http: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		processTimeout:  processTimeout,
		downloadTimeout: downloadTimeout,
		flowWindow:      flowWindow,
	}
}

// NewLocal returns a client for a server on this machine, with its key or "". Its
// certificate may be for any name: the connection does not leave the machine.
func NewLocal(base, key string) *Client {
	c := NewWithToken(base, key)
	c.http.Transport.(*http.Transport).TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
	return c
}

// dial connects with a small send buffer. Kernels buffer several megabytes,
// so an upload that nobody reads would look as if it were being processed.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: dialTimeout, KeepAlive: dialTimeout}).DialContext(ctx, network, address)
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(sendBuffer) // best effort
	}
	return conn, err
}

// Close closes idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// URL returns the full URL of a path on the server.
func (c *Client) URL(path string) string { return c.base + path }

// request prepares a request.
func (c *Client) request(ctx context.Context, method, path string, body io.Reader) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.URL(path), body)
	if err == nil && c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	return request, err
}

// do sends a request without a body. A response with any status is not an
// error; the caller closes its body.
func (c *Client) do(ctx context.Context, method, path string) (*http.Response, error) {
	request, err := c.request(ctx, method, path, nil)
	if err != nil {
		return nil, err
	}
	return c.http.Do(request)
}

// getJSON requests path and decodes the response into v. It returns the status
// of any response, also along with an error.
func (c *Client) getJSON(ctx context.Context, path string, v any) (status int, err error) {
	return c.getJSONWithin(ctx, shortTimeout, path, v)
}

func (c *Client) getJSONWithin(ctx context.Context, limit time.Duration, path string, v any) (status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	response, err := c.do(ctx, http.MethodGet, path)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if err := c.denied(response.StatusCode); err != nil {
		return response.StatusCode, err
	}
	return response.StatusCode, decode(response, v)
}

func decode(response *http.Response, v any) error {
	data, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return &brokenOff{err}
	case len(data) > maxAnswer:
		return &UnexpectedResponse{What: fmt.Sprintf("sent a response of more than %d bytes", maxAnswer)}
	}
	if err := json.Unmarshal(data, v); err != nil {
		return &UnexpectedResponse{What: fmt.Sprintf("sent an invalid JSON response (HTTP %d): %v", response.StatusCode, err)}
	}
	return nil
}
