// Package studio is a page on this machine where photos are dropped and
// portraits appear. It is what `facecraft process` is for those who do not live
// in a terminal: batch.Run does the work, with the same journal.
//
//	page ──> guard ──> handlers ──> spool (photos, on disk)
//	  ^                                │
//	  └───── events <── work ──> batch.Run ──> servers, found or started by launch
package studio

import (
	"context"
	"errors"
	"sync"

	"github.com/djok/facecraft/internal/batch"
	"github.com/djok/facecraft/internal/cropper"
	"github.com/djok/facecraft/internal/launch"
	"github.com/djok/facecraft/internal/studio/events"
	"github.com/djok/facecraft/internal/studio/guard"
	"github.com/djok/facecraft/internal/studio/spool"
)

// Config is what a studio is told of its caller.
type Config struct {
	Settings  launch.Settings
	Request   launch.ServerRequest
	Endpoints []string // servers elsewhere, in place of those of this machine
	Token     string   // for the endpoints
	Folder    string   // for the portraits, absolute
	Files     []string // photos, and directories of photos, to begin with
	Port      int      // 0 is any that is free
	// Open shows a page or a folder on the desktop; nil where there is none.
	Open func(string) bool
	// Ready is called with the address to open once pages are served.
	Ready func(address string)
}

// Studio is a running studio.
type Studio struct {
	config  Config
	spool   *spool.Spool
	guard   *guard.Guard
	events  *events.Hub
	tickets tickets
	address string // of this server
	secret  string // of the file that a second program reads
	planner batch.Planner
	wake    signal           // work may have changed
	retry   signal           // somebody wants servers to be looked for again
	cropped *cropper.Cropper // the engine in this process, once it is needed

	mu        sync.Mutex // also for changes of photos, so that events come in their order
	making    map[string]bool
	touched   map[string]bool // changed by the user while a server has them
	server    serverView
	question  *questionView
	answer    chan string // to the question
	questions int         // so far
	crew      *crew       // nil while there are no servers
	croppers  *crew       // for photos that are only cropped; nil until there are some
	drawing   sync.Mutex  // pictures are made one at a time, for the memory they take
	planning  sync.Mutex  // for planner
}

// Run serves the studio until ctx ends. If one is running for the same folder,
// that one gets the files.
func Run(ctx context.Context, c Config) error {
	files, err := spool.Open(c.Folder)
	if errors.Is(err, spool.ErrBusy) {
		return join(ctx, c)
	}
	if err != nil {
		return err
	}
	defer files.Close()
	s := &Studio{config: c, spool: files, events: events.New(), making: map[string]bool{}, touched: map[string]bool{},
		tickets: tickets{secrets: guard.Secrets{Life: ticketLife}}}
	s.planner.Output = batch.Output{Path: c.Folder}
	listener, err := listen(c.Port)
	if err != nil {
		return err
	}
	if err := s.addFiles(c.Files); err != nil {
		return errors.Join(err, listener.Close())
	}
	ctx, stop := context.WithCancel(ctx)
	var workers sync.WaitGroup
	defer s.closeCropper()
	defer workers.Wait()
	defer stop()
	workers.Go(func() { s.keepServers(ctx) })
	workers.Go(func() { s.work(ctx) })
	return s.serve(ctx, listener)
}

// signal wakes those who wait for a change. The zero value is ready to use.
type signal struct {
	mu      sync.Mutex
	changed chan struct{}
}

// next is closed at the next send.
func (s *signal) next() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	return s.changed
}

func (s *signal) send() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}
