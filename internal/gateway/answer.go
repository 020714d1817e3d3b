package gateway

import (
	"bytes"
	"errors"
	"net/http"
	"strconv"
	"time"
)

// answer is a server's complete response: a server that dies during its response can
// be replaced, and a slow client does not hold up a server.
type answer struct {
	server *server
	status int
	header http.Header
	body   *spool
}

// errTurnedDown means that a server, or a proxy in front of it, is not ready.
var errTurnedDown = errors.New("it says that it is not available")

func newAnswer(s *server, response *http.Response) *answer {
	return &answer{server: s, status: response.StatusCode, header: response.Header, body: newSpool()}
}

func (a *answer) release() { a.body.release() }

// receive reads the body.
func (a *answer) receive(response *http.Response) error {
	if err := a.body.fill(response.Body, maxAnswer); err != nil {
		return err
	}
	switch a.status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return errTurnedDown
	}
	return nil
}

// replace changes the body.
func (a *answer) replace(body []byte) {
	a.body.release()
	a.body = newSpool()
	_ = a.body.fill(bytes.NewReader(body), int64(len(body))) // never fails
}

// send passes a response to the client. Errors mean that the client is gone.
func (g *Gateway) send(w http.ResponseWriter, a *answer) error {
	begin := time.Now()
	tidy(a.header, a.server)
	for name, values := range a.header {
		w.Header()[name] = append(w.Header()[name], values...) // the middleware may have set Vary
	}
	w.Header().Set("Content-Length", strconv.FormatInt(a.body.size, 10))
	_ = http.NewResponseController(w).SetWriteDeadline(begin.Add(g.allowance(a.body.size))) // unsupported in tests only
	w.WriteHeader(a.status)
	err := a.body.writeTo(w)
	g.metrics.observe(stageAnswer, time.Since(begin))
	return err
}

// tidy removes headers that clients must not get, and adds which server responded.
func tidy(header http.Header, s *server) {
	for _, name := range notReturned {
		header.Del(name)
	}
	header.Set(serverHeader, s.name)
}
