package gateway

import (
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// downloadTimeout limits a download, which may have to wait while the server
// processes photos.
const downloadTimeout = 10 * time.Minute

// pass sends a request to one server, with only the path changed, and returns the
// status.
func (g *Gateway) pass(
	w http.ResponseWriter, r *http.Request, s *server, path string, change func(*http.Response) error,
) (status int) {
	noteOf(r).server = s.name
	proxy := httputil.ReverseProxy{
		Transport:  g.transport,
		BufferPool: chunkPool{},
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL = &url.URL{Scheme: s.base.Scheme, Host: s.base.Host, Path: path, RawQuery: p.In.URL.RawQuery}
			p.Out.Host, p.Out.Header = "", forwarded(p.Out.Header)
		},
		ModifyResponse: func(response *http.Response) error {
			length := response.Header.Get("Content-Length")
			tidy(response.Header, s)
			if length != "" {
				response.Header.Set("Content-Length", length)
			}
			status = response.StatusCode
			return change(response)
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			status = http.StatusBadGateway
			answerLater(w, http.StatusBadGateway, 1, "The server does not answer")
		},
		ErrorLog: log.New(io.Discard, "", 0), // the log of requests says it,
	}
	proxy.ServeHTTP(w, r)
	return status
}

func unchanged(*http.Response) error { return nil }

// status passes the request to the server that is most likely to be idle.
func (g *Gateway) status(w http.ResponseWriter, r *http.Request) {
	s := g.idlest()
	if s == nil {
		g.refuse(w, r, errNoServer)
		return
	}
	g.pass(w, r, s, "/status", unchanged)
}

// download fetches a result from the server that made it.
func (g *Gateway) download(w http.ResponseWriter, r *http.Request) {
	s, raw, ok := g.locate(r.PathValue("job_id"))
	if !ok {
		answerDetail(w, http.StatusNotFound, "Job not found")
		return
	}
	format := r.PathValue("format")
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(downloadTimeout)) // unsupported in tests only
	status := g.pass(w, r, s, "/api/v1/download/"+raw+"/"+format, unchanged)
	if status == http.StatusOK { // pass panics if the client did not get everything
		g.jobs.fetched(s, raw, format)
	}
}

// deleteJob deletes a job on the server that made it.
func (g *Gateway) deleteJob(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("job_id")
	s, raw, ok := g.locate(id)
	if !ok { // as the images respond to any unknown ID
		answerJSON(w, http.StatusOK, map[string]string{"message": "Job " + id + " not found"})
		return
	}
	status := g.pass(w, r, s, "/api/v1/jobs/"+raw, func(response *http.Response) error {
		return replaceIn(response, raw, id)
	})
	if status == http.StatusOK {
		g.jobs.forget(id)
	}
}

// replaceIn puts the gateway's job ID into a short response.
func replaceIn(response *http.Response, from, to string) error {
	text := newSpool()
	defer text.release()
	if err := text.fill(response.Body, chunkBytes); err != nil {
		return err
	}
	changed := strings.Replace(string(text.bytes()), from, to, 1)
	_ = response.Body.Close() // all of it was read
	response.Body = io.NopCloser(strings.NewReader(changed))
	response.Header.Set("Content-Length", strconv.Itoa(len(changed)))
	return nil
}

// chunkPool lends memory to ReverseProxy.
type chunkPool struct{}

func (chunkPool) Get() []byte { return newChunk()[:] }

func (chunkPool) Put(b []byte) { freeChunk((*chunk)(b)) }
