package studio

import (
	"context"
	"errors"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/batch"
	"github.com/djok/facecraft/internal/cropper"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/launch"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/pool"
	"github.com/djok/facecraft/internal/studio/guard"
)

// serverState is the state of the servers as a whole.
type serverState string

const (
	looking  serverState = "looking"
	asking   serverState = "asking" // the user, before something costly
	starting serverState = "starting"
	ready    serverState = "ready"
	lost     serverState = "lost"   // not responding; batch is bringing it back
	broken   serverState = "failed" // there is none until a user tries again
)

// crew is a group of servers that make portraits.
type crew struct {
	servers []*batch.Server
	engine  string // lite, cpu, gpu, or "" if unknown
	enhance enhanceView
	explain func(context.Context, batch.Result) batch.Result
}

func (c *crew) imageIDs() (list []string) {
	for _, server := range c.servers {
		if server.ImageID != "" {
			list = append(list, server.ImageID)
		}
	}
	return list
}

// crewFor returns the servers for photos with these settings, or nil. Photos that
// are only cropped need the built-in engine.
func (s *Studio) crewFor(ctx context.Context, settings Settings) *crew {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !settings.recipe().CropOnly {
		return s.crew
	}
	if s.croppers == nil {
		if s.startCropper(ctx) != nil {
			return nil
		}
		s.croppers = builtIn(s.cropped)
	}
	return s.croppers
}

// builtIn is the built-in engine in this process.
func builtIn(c *cropper.Cropper) *crew {
	return &crew{servers: []*batch.Server{c.Server()}, engine: plan.Lite, enhance: noEnhancer}
}

var noEnhancer = enhanceView{Why: "the built-in engine does not enhance faces"}

// startCropper starts the engine in this process, once. The caller holds s.mu.
func (s *Studio) startCropper(ctx context.Context) (err error) {
	if s.cropped == nil {
		s.cropped, err = cropper.Start(ctx, s.config.Settings.Version, s.config.Settings.Unfinished)
	}
	return err
}

func (s *Studio) closeCropper() {
	if s.cropped != nil {
		s.cropped.Close()
	}
}

// keepServers looks for servers at the start, and whenever a user tries again.
func (s *Studio) keepServers(ctx context.Context) {
	for ctx.Err() == nil {
		again := s.retry.next()
		s.setServer(serverView{State: looking, Text: "Looking for a server"})
		release := s.connect(ctx)
		select {
		case <-again:
		case <-ctx.Done():
		}
		release()
	}
}

// connect finds or starts servers. release gives up what they hold.
func (s *Studio) connect(ctx context.Context) (release func()) {
	found, release, err := s.findServers(ctx)
	switch {
	case ctx.Err() != nil:
	case fault.CodeOf(err) == fault.Unrunnable: // no Docker, or this machine is too small
		if s.useBuiltIn(ctx, serverView{State: ready, Problem: problemOf(err)}) != nil {
			s.setServer(serverView{State: broken, Problem: problemOf(err)})
		}
	case err != nil: // the engine in this process, if it is in use, continues
		s.changeServer(func(v *serverView) {
			v.State, v.Problem, v.Text, v.Done, v.Total = broken, problemOf(err), "", 0, 0
		})
	default:
		s.setCrew(found, serverView{State: ready})
	}
	return release
}

func (s *Studio) findServers(ctx context.Context) (_ *crew, release func(), err error) {
	settings := s.config.Settings
	said := &voice{UI: settings.UI, studio: s}
	settings.UI, settings.Asker, settings.Report = said, &asker{s, said}, s.progress
	if len(s.config.Endpoints) > 0 {
		servers, err := launch.Endpoints(ctx, settings.UI, s.config.Token, s.config.Endpoints, s.config.Request.Timeout)
		return introduce(ctx, servers), func() {}, err
	}
	l, err := launch.Connect(ctx, settings)
	if err != nil {
		return nil, func() {}, err
	}
	servers, err := l.Processors(ctx, s.config.Request)
	if fault.CodeOf(err) == fault.Declined { // lite was chosen
		request := s.config.Request
		request.Tag = plan.Lite
		servers, err = l.Processors(ctx, request)
	}
	if err != nil {
		return nil, l.Close, err
	}
	c := introduce(ctx, servers)
	c.explain = l.Explained
	return c, l.Close, nil
}

// introduce asks servers for their engine.
func introduce(ctx context.Context, servers []*batch.Server) *crew {
	c := &crew{servers: servers, enhance: enhanceView{Can: true}}
	if len(servers) == 0 {
		return c
	}
	client := api.NewWithToken(servers[0].URL, servers[0].Token)
	defer client.Close()
	status, err := client.Status(ctx)
	switch {
	case err != nil: // a busy one may not answer in time
	case status.BuiltIn():
		c.engine, c.enhance = plan.Lite, noEnhancer
	case !status.Claims("face_enhancer") || !status.Models["face_enhancer"].Loaded:
		c.engine, c.enhance = deviceOf(status), enhanceView{Why: "this server has no face enhancer"}
	default:
		c.engine = deviceOf(status)
	}
	return c
}

func deviceOf(status api.Status) string {
	if status.Device.Type == "cuda" {
		return "gpu"
	}
	return "cpu"
}

// useBuiltIn has the engine in this process make the portraits.
func (s *Studio) useBuiltIn(ctx context.Context, v serverView) error {
	s.mu.Lock()
	err := s.startCropper(ctx)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	s.setCrew(builtIn(s.cropped), v)
	return nil
}

// setCrew lets different servers make the portraits from now on.
func (s *Studio) setCrew(c *crew, v serverView) {
	s.mu.Lock()
	s.crew = c
	s.mu.Unlock()
	v.Engine, v.Enhance = c.engine, c.enhance
	s.setServer(v)
	s.wake.send()
}

func (s *Studio) setServer(v serverView) {
	s.changeServer(func(now *serverView) { *now = v })
}

func (s *Studio) changeServer(change func(*serverView)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.server
	if change(&s.server); s.server != before {
		s.events.Send("server", s.server)
	}
}

// notice is called by batch when a server stops responding or comes back.
func (s *Studio) notice(server *batch.Server, what string) {
	s.config.Settings.UI.Warn("%s %s", server.URL, what)
	s.changeServer(func(v *serverView) { v.State, v.Text = lost, "The server "+what })
}

// answered records that a server made a portrait.
func (s *Studio) answered(c *crew) {
	s.changeServer(func(v *serverView) {
		if v.State == lost && s.crew == c {
			v.State, v.Text = ready, ""
		}
	})
}

// lose gives up servers that will not come back.
func (s *Studio) lose(c *crew, none *pool.NoServer) {
	s.mu.Lock()
	current := s.crew == c
	if current {
		s.crew = nil
	}
	s.mu.Unlock()
	if current {
		s.setServer(serverView{State: broken, Problem: problemOf(none.Why)})
	}
}

// problemOf is an error as the page shows it.
func problemOf(err error) *guard.Problem {
	if err == nil {
		err = errors.New("no server is left")
	}
	return &guard.Problem{What: err.Error(), Fix: fault.HintOf(err)}
}
