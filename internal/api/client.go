// Package api is the client of the container's HTTP contract. It is careful
// with what answers: bodies are bounded, redirects are not followed, and no
// name in an answer decides where anything is written.
package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

const (
	// shortTimeout bounds questions that a server answers at once, unless it
	// is busy with a photo: then it answers nothing until it is done.
	shortTimeout = 5 * time.Second
	// processTimeout bounds one photo: the slowest processor takes seconds,
	// but a busy server works through its queue first.
	processTimeout = 10 * time.Minute
	// downloadTimeout bounds a picture's way back, behind the photos that the
	// server has in work.
	downloadTimeout = 5 * time.Minute
	// idleTimeout is how long a connection is kept for the next request. It
	// is shorter than uvicorn's own (--timeout-keep-alive, 5 s), which would
	// close connections just as they are used again.
	idleTimeout = 4 * time.Second
	// dialTimeout bounds a connection's making, and is between its signs of life.
	dialTimeout = 30 * time.Second
	// sendBuffer is in bytes; over 50 ms of distance it still lets 5 MB/s pass.
	sendBuffer = 256 << 10
	// maxAnswer bounds a JSON answer, maxImage a picture, in bytes.
	maxAnswer = 1 << 20
	maxImage  = 128 << 20
)

// Client talks to one server. It is safe for concurrent use.
type Client struct {
	base  string
	token string
	http  *http.Client

	processTimeout, downloadTimeout, flowWindow time.Duration

	// working counts the photos that are wholly sent and not yet answered.
	working atomic.Int32
}

// New makes a client for the server at base, as http://127.0.0.1:8000.
func New(base string) *Client { return NewWithToken(base, "") }

// NewWithToken makes a client that shows a bearer token with every request:
// the images ask for none, a proxy before them may. The token goes to base
// and nowhere else.
func NewWithToken(base, token string) *Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil // servers on this machine must not be sought at a proxy
	transport.DialContext = dial
	transport.MaxIdleConnsPerHost = 8
	transport.IdleConnTimeout = idleTimeout
	// What is unpacked unasked could be far larger than what came.
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

// dial connects with a small send buffer: kernels take several megabytes of an
// upload that nobody reads, which would then look like one in work.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: dialTimeout, KeepAlive: dialTimeout}).DialContext(ctx, network, address)
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(sendBuffer) // best effort
	}
	return conn, err
}

// Close ends idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// URL is an address on the server.
func (c *Client) URL(path string) string { return c.base + path }

// request prepares one.
func (c *Client) request(ctx context.Context, method, path string, body io.Reader) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.URL(path), body)
	if err == nil && c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	return request, err
}

// do asks without a body. Any status is an answer, whose body the caller
// closes.
func (c *Client) do(ctx context.Context, method, path string) (*http.Response, error) {
	request, err := c.request(ctx, method, path, nil)
	if err != nil {
		return nil, err
	}
	return c.http.Do(request)
}

// getJSON asks path and decodes a 200 answer into v. The status is returned
// with every answer that came.
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
		return &Foreign{What: fmt.Sprintf("an answer of more than %d bytes", maxAnswer)}
	}
	if err := json.Unmarshal(data, v); err != nil {
		return &Foreign{What: fmt.Sprintf("an answer that is not the contract's JSON (HTTP %d): %v", response.StatusCode, err)}
	}
	return nil
}

// glanceTimeout bounds the question to a stranger.
const glanceTimeout = 500 * time.Millisecond

// Title is that of the schema by which servers are recognised.
const Title = "Facecraft API"

// Schema is the server's own description of its API, as OpenAPI.
func (c *Client) Schema(ctx context.Context) (json.RawMessage, error) {
	var schema json.RawMessage
	status, err := c.getJSON(ctx, "/openapi.json", &schema)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("/openapi.json answered HTTP %d", status)
	}
	return schema, err
}

// outsideAsset is a script or style that a page loads from elsewhere.
var outsideAsset = regexp.MustCompile(`(?:src|href)="(https?://[^"]+\.(?:js|css)[^"]*)"`)

// DocsAsset is the address of a script or style without which the server's
// documentation is blank; empty when it needs none.
func (c *Client) DocsAsset(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, shortTimeout)
	defer cancel()
	response, err := c.do(ctx, http.MethodGet, "/docs")
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	page, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return "", err
	}
	if found := outsideAsset.FindSubmatch(page); found != nil {
		return string(found[1]), nil
	}
	return "", nil
}

// IsFacecraft asks a stranger for its schema, briefly.
func (c *Client) IsFacecraft(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, glanceTimeout)
	defer cancel()
	var schema struct {
		Info struct{ Title string }
	}
	_, err := c.getJSON(ctx, "/openapi.json", &schema)
	return err == nil && schema.Info.Title == Title
}

// Status is what /status says, as far as this program reads it.
type Status struct {
	Version string `json:"version"`
	Device  struct {
		Type string `json:"type"`
		Name string `json:"name"`
	} `json:"device"`
	Models map[string]struct {
		Loaded bool   `json:"loaded"`
		Type   string `json:"type"`
	} `json:"models"`
	Statistics struct {
		Total int `json:"total_processed"`
		Kept  int `json:"backgrounds_kept"` // only the built-in engine tells
	} `json:"statistics"`
}

// BuiltIn tells whether the server is the built-in engine.
func (s Status) BuiltIn() bool {
	return strings.HasSuffix(s.Models["background_remover"].Type, "(built in)")
}

// noModel begins the type of a model that a server does not claim to have.
const noModel = "none"

// Shortcomings are what a person should know of a server that is ready all the
// same: models that could not be loaded, and a GPU image without a GPU. Errors
// while loading are only printed by the images' servers.
func (s Status) Shortcomings(gpu bool) []string {
	var list []string
	if gpu && s.Device.Type != "cuda" {
		list = append(list, fmt.Sprintf("the GPU is not used: the server computes on %s, several times slower", s.Device.Type))
	}
	for _, name := range s.ModelNames() {
		if s.Claims(name) && !s.Models[name].Loaded {
			list = append(list, fmt.Sprintf("the model %s is not loaded: %s", name, consequences[name]))
		}
	}
	return list
}

// Claims tells whether a server is meant to have a model, loaded or not.
func (s Status) Claims(name string) bool {
	model, known := s.Models[name]
	return known && !strings.HasPrefix(model.Type, noModel)
}

// consequences of a model that is not loaded.
var consequences = map[string]string{
	"face_detector":      "no face will be found",
	"face_landmarks":     "faces will not be aligned",
	"face_enhancer":      "portraits will not be enhanced",
	"background_remover": "backgrounds will stay",
}

// ModelNames are the models' names in their order.
func (s Status) ModelNames() []string { return slices.Sorted(maps.Keys(s.Models)) }

// Status asks which models are loaded, and on which device.
func (c *Client) Status(ctx context.Context) (Status, error) {
	var s Status
	code, err := c.getJSON(ctx, "/status", &s)
	if err == nil && code != http.StatusOK {
		err = fmt.Errorf("/status answered HTTP %d", code)
	}
	return s, err
}

// jobID is the shape of a job's name. Another could lead a path elsewhere.
var jobID = regexp.MustCompile(`^[0-9A-Za-z-]{1,64}$`)

// DeleteJob removes what a job left on the server, which otherwise keeps it
// until a start after its clean-up age.
func (c *Client) DeleteJob(ctx context.Context, job string) error {
	if !jobID.MatchString(job) {
		return impossibleJob(job)
	}
	ctx, cancel := context.WithTimeout(ctx, shortTimeout)
	defer cancel()
	response, err := c.do(ctx, http.MethodDelete, "/api/v1/jobs/"+job)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	// A connection is used again only once its answer is read.
	_, err = io.CopyN(io.Discard, response.Body, maxAnswer)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return err
}
