// Package lite is the built-in engine: the HTTP API of the facecraft container in
// pure Go, with face detection, background removal, cropping, the oval mask and
// the size-limited JPEG. It needs no download and is ready immediately, which
// suits small machines, demos, CI and integration tests. It has no AI models: it
// does not enhance faces, and if it cannot separate the background from the
// person, it keeps the background and says so in the response.
package lite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/djok/facecraft/internal/apidoc"
)

// Config configures an engine. Zero values mean the defaults of the images.
type Config struct {
	UploadDir   string        // received photos, removed once processed; created if missing
	OutputDir   string        // results, one directory per job; created if missing
	Version     string        // the version reported by /status
	CleanupAge  time.Duration // Load removes files older than this; 0 means 24 hours
	CORSOrigins []string      // origins allowed to use the API, or "*"; if nil, all may read and none may post
	Hosts       []string      // additional host names of the engine, besides IP addresses and local names
	Log         io.Writer     // log of requests and startup; nil discards it
}

const (
	defaultCleanupAge = 24 * time.Hour

	readHeaderTimeout = 10 * time.Second
	readTimeout       = 5 * time.Minute // 20 MB over a slow connection
	idleTimeout       = 2 * time.Minute
	shutdownTimeout   = 5 * time.Second // docker stop kills after ten seconds
)

// Engine implements the HTTP API of the container. It is an http.Handler and safe
// for concurrent use; photos are processed one at a time.
type Engine struct {
	cfg     Config
	log     *log.Logger
	handler http.Handler
	docs    *apidoc.Page
	uploads *uploadDir
	jobs    *jobDir
	started time.Time
	stats   statistics

	load     sync.Once
	loadErr  error
	detector atomic.Pointer[detector] // nil until the models are loaded
	turn     chan struct{}            // holds one token while a photo is processed
}

// New returns an engine, or an error if a directory cannot be created or written
// to. The engine is not ready until Load has run.
func New(cfg Config) (*Engine, error) {
	if cfg.CleanupAge == 0 {
		cfg.CleanupAge = defaultCleanupAge
	}
	if cfg.Log == nil {
		cfg.Log = io.Discard
	}
	uploads, err := openWritable(cfg.UploadDir)
	if err != nil {
		return nil, fmt.Errorf("upload directory: %w", err)
	}
	outputs, err := openWritable(cfg.OutputDir)
	if err != nil {
		uploads.Close()
		return nil, fmt.Errorf("output directory: %w", err)
	}
	docs, err := apidoc.New(schema)
	if err != nil {
		return nil, fmt.Errorf("documentation page: %w", err)
	}
	e := &Engine{
		cfg:     cfg,
		log:     log.New(cfg.Log, "", 0),
		docs:    docs,
		uploads: &uploadDir{root: uploads},
		jobs:    &jobDir{root: outputs},
		started: time.Now(),
		turn:    make(chan struct{}, 1),
	}
	protected, err := e.withOrigins(e.routes())
	if err != nil {
		e.Close()
		return nil, err
	}
	e.handler = e.withLog(e.withRecovery(e.withHosts(e.withCORS(protected))))
	return e, nil
}

// Close closes the directories, which Windows cannot remove while they are open.
// Serve calls it at its end; call it yourself when using the engine as a handler.
func (e *Engine) Close() {
	e.uploads.root.Close()
	e.jobs.root.Close()
}

// Load loads the models, removes the files of old jobs and makes the engine
// ready. Serve calls it once the port is open; call it yourself when using the
// engine as a handler. Later calls return the result of the first.
func (e *Engine) Load() error {
	e.load.Do(func() { e.loadErr = e.loadOnce() })
	return e.loadErr
}

func (e *Engine) loadOnce() error {
	e.log.Printf("INFO:     facecraft lite engine %s: loading face detector", e.cfg.Version)
	d, err := newDetector()
	if err != nil {
		return fmt.Errorf("loading face detector: %w", err)
	}
	before := time.Now().Add(-e.cfg.CleanupAge)
	removed := removeOld(e.uploads.root, uploadName, before) + removeOld(e.jobs.root, jobName, before)
	e.log.Printf("INFO:     removed %d old jobs and uploads", removed)
	e.detector.Store(d)
	e.log.Print("INFO:     ready (no AI: backgrounds are removed by graph cut, faces are not enhanced)")
	return nil
}

// ServeHTTP handles one request.
func (e *Engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.handler.ServeHTTP(w, r)
}

// Serve serves requests on ln until ctx ends, loading the models in the
// background. It then gives requests in flight a few seconds and returns nil. It
// closes ln and the engine.
func (e *Engine) Serve(ctx context.Context, ln net.Listener) error {
	defer e.Close()
	server := &http.Server{
		Handler:           e,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		IdleTimeout:       idleTimeout,
		ErrorLog:          e.log,
	}
	failed := make(chan error, 2)
	go func() { failed <- server.Serve(ln) }()
	go func() {
		if err := e.Load(); err != nil {
			failed <- err
		}
	}()
	e.log.Printf("INFO:     listening on http://%s", ln.Addr())

	select {
	case err := <-failed:
		server.Close()
		return err
	case <-ctx.Done():
	}
	e.log.Print("INFO:     shutting down")
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return errors.Join(fmt.Errorf("interrupted requests that were still running: %w", err), server.Close())
	}
	return nil
}

// openWritable opens dir, creating it if missing, and checks that it is writable:
// better at startup than with the first photo.
func openWritable(dir string) (*os.Root, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	const probe = ".facecraft-write-probe"
	if err := root.WriteFile(probe, nil, 0o644); err != nil {
		root.Close()
		return nil, err
	}
	return root, root.Remove(probe)
}
