// Package studio serves a page on this machine where users drop photos and
// portraits appear. It is `facecraft process` for people who prefer a page:
// batch.Run does the work, with the same journal.
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
	"github.com/djok/facecraft/internal/term"
)

// Config is what a studio needs from its caller.
type Config struct {
	Settings  launch.Settings
	Request   launch.ServerRequest
	Endpoints []string // servers elsewhere, instead of this machine's
	Token     string   // for the endpoints
	Folder    string   // for the portraits; "" means Facecraft in the user's pictures folder
	Files     []string // photos, and directories of photos, to begin with
	Port      int      // 0 means any free port
	// Open shows a page or a folder on the desktop; nil without one.
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
	secret  string // in the file that a second program reads
	planner batch.Planner
	wake    signal           // there may be different work to do
	retry   signal           // a user wants to look for servers again
	stop    func()           // ends the studio
	cropped *cropper.Cropper // the engine in this process, once it is needed

	mu        sync.Mutex // also held to change photos, so that events are in order
	making    map[string]bool
	touched   map[string]bool // changed by the user while a server processes them
	server    serverView
	question  *questionView
	answer    chan string // to the question
	questions int         // so far
	crew      *crew       // nil while there are no servers
	croppers  *crew       // for photos that are only cropped; nil until needed
	drawing   sync.Mutex  // pictures are made one at a time, to save memory
	planning  sync.Mutex  // for planner
}

// Run serves the studio until ctx or the user ends it. If one is already running
// for the same folder, Run passes it the files instead.
func Run(ctx context.Context, c Config) (err error) {
	if c.Folder, err = folderOf(c.Folder, c.Settings.Getenv); err != nil {
		return err
	}
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
	s.stop = stop
	workers.Go(func() { s.keepServers(ctx) })
	workers.Go(func() { s.work(ctx) })
	if err := s.serve(ctx, listener); err != nil {
		return err
	}
	c.Settings.UI.Done("The portraits are in %s", term.Name(c.Folder))
	return nil
}

// signal wakes goroutines that wait for a change. The zero value is ready to use.
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
