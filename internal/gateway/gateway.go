// Package gateway is a reverse proxy in front of an instance's servers that adds
// what the images lack: API keys, checks of hosts and origins, true readiness, one
// photo at a time for each server with a bounded queue, results that can be
// fetched whichever server made them, and metrics. It knows nothing about Docker.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/djok/facecraft/internal/pool"
)

// Config configures a gateway. Servers and Hosts are required, and Keys unless
// the gateway is for this machine only.
type Config struct {
	// Servers are base URLs, such as http://facecraft-1:8000. Names are resolved
	// whenever a connection is made, so a server may be replaced under its name.
	Servers []string
	// Keys returns the currently valid keys; see ReadKeys and StaticKeys. Nil means
	// that no key is required.
	Keys func() []Key
	// Loopback means that only this machine can reach the gateway, which
	// therefore needs no keys.
	Loopback bool
	// Hosts are the accepted values of the Host header, with the port as browsers
	// send it, such as localhost:8000. AnyHost accepts all of them, which requires
	// keys.
	Hosts []string
	// Origins are the web pages that may use the API, such as
	// https://intranet.example.
	Origins []string
	// MaxUpload limits a photo, in bytes; 0 means 20 MiB.
	MaxUpload int64
	// Queue is how many photos may wait for a server; 0 means 64.
	Queue int
	// Log receives a line of JSON for each request, and for each change of a server's
	// state; nil discards them.
	Log io.Writer

	timing timing // shorter in tests
}

const (
	// AnyHost in Config.Hosts turns off the check of the Host header.
	AnyHost = "*"

	defaultMaxUpload = 20 << 20
	defaultQueue     = 64
	// perServer is how many photos a server has: one that it is processing, and one
	// that is being uploaded meanwhile.
	perServer = 2
	// formBytes is the maximum size of a form without its photo.
	formBytes = 64 << 10
)

// Gateway is an http.Handler. It is safe for concurrent use.
type Gateway struct {
	cfg     Config
	handler http.Handler
	hosts   map[string]bool
	origins map[string]bool
	browser *http.CrossOriginProtection

	servers   []*server
	pool      *pool.Pool[*server]
	transport *http.Transport
	everReady atomic.Bool // a server has been ready
	pages     pages
	jobs      *jobTable
	life      context.Context // ends when servers are no longer watched
	metrics   *metrics
	log       *requestLog

	memory   *budget
	batches  chan struct{} // holds a token while a batch is received
	photos   atomic.Int64  // that have a place in the queue or a server
	waiting  atomic.Int64  // among them, without a server
	received atomic.Int64  // photos ever
	running  sync.WaitGroup
}

// New returns a gateway that watches its servers until ctx ends; see Wait. An
// error means that the configuration is unsafe or invalid.
func New(ctx context.Context, cfg Config) (*Gateway, error) {
	if cfg.MaxUpload == 0 {
		cfg.MaxUpload = defaultMaxUpload
	}
	if cfg.Queue == 0 {
		cfg.Queue = defaultQueue
	}
	if cfg.Log == nil {
		cfg.Log = io.Discard
	}
	if cfg.timing == (timing{}) {
		cfg.timing = usual
	}
	if err := cfg.check(); err != nil {
		return nil, err
	}
	servers, err := newServers(cfg.Servers)
	if err != nil {
		return nil, err
	}
	g := &Gateway{
		cfg:       cfg,
		servers:   servers,
		pool:      pool.New(perServer, servers...),
		transport: newTransport(),
		log:       newRequestLog(cfg.Log),
		memory:    newBudget(cfg.MaxUpload+formBytes, len(servers)),
		batches:   make(chan struct{}, 1),
		life:      ctx,
	}
	if err := g.admitOnly(cfg.Hosts, cfg.Origins); err != nil {
		return nil, err
	}
	g.metrics = newMetrics(g)
	g.jobs = newJobTable()
	g.handler = g.withLog(g.withCORS(g.routes()))
	for i, m := range g.pool.Members() {
		g.pool.Judge(m, 0, func() pool.Verdict { return g.awaitReady(ctx, servers[i]) })
		g.running.Go(func() { g.watch(ctx, m) })
	}
	g.running.Go(func() { g.tidyJobs(ctx) })
	return g, nil
}

func (c *Config) check() error {
	switch {
	case len(c.Servers) == 0:
		return errors.New("a gateway needs at least one server")
	case len(c.Hosts) == 0:
		return errors.New("a gateway needs the Host names that it answers to")
	case c.Keys != nil && len(c.Keys()) == 0:
		return errors.New("there is no API key: the file of keys has none")
	case c.Keys == nil && !c.Loopback:
		return errors.New("refusing to start without an API key: other machines can reach this address")
	case c.MaxUpload < 0 || c.Queue < 0:
		return fmt.Errorf("invalid limits: %d bytes for an upload, %d photos in the queue", c.MaxUpload, c.Queue)
	}
	return nil
}

// Wait returns once the context of New has ended and all goroutines have finished.
func (g *Gateway) Wait() {
	g.running.Wait()
	g.pool.Wait()
}

// ServeHTTP handles one request.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.handler.ServeHTTP(w, r)
}

// queued is how many photos wait.
func (g *Gateway) queued() int64 {
	queued := g.photos.Load()
	for _, s := range g.servers {
		queued -= s.working()
	}
	return max(queued, 0)
}

// retryAfter is how many seconds a client should wait if the queue is full: until it
// is likely to be half empty.
func (g *Gateway) retryAfter() int {
	seconds := g.metrics.typicalWork().Seconds() * float64(g.cfg.Queue) / 2 / float64(len(g.servers))
	return int(min(max(seconds, 1), time.Minute.Seconds()))
}
