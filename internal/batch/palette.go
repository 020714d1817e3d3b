package batch

import (
	"context"
	"sync"

	"github.com/djok/facecraft/internal/api"
)

// palette is what is known of how a server takes colours: version 1.0.0 has
// red and blue in each other's place. Its version is a first guess, and its
// portraits are the proof.
type palette struct {
	mu      sync.Mutex
	guessed bool
	swapped bool
	proven  bool // by a portrait
	turned  bool // a portrait proved the guess wrong
}

// painted is how a background was asked for.
type painted struct {
	want, told api.Colour
	swapped    bool
}

// ask is how a server has to be asked for a background.
func (s *Server) ask(ctx context.Context, want api.Colour, swaps func(api.Status) bool) painted {
	if want == want.Swapped() {
		return painted{want: want, told: want}
	}
	p := &s.palette
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.guessed && swaps != nil {
		// One that does not say it in time is found out by its portrait.
		if status, err := s.client.Status(ctx); err == nil {
			p.swapped = swaps(status)
		}
	}
	p.guessed = true
	told := want
	if p.swapped {
		told = want.Swapped()
	}
	return painted{want: want, told: told, swapped: p.swapped}
}

// unproven tells whether no portrait has shown yet that the server takes colours
// as it was asked.
func (s *Server) unproven(asked painted) bool {
	s.palette.mu.Lock()
	defer s.palette.mu.Unlock()
	return asked.want != asked.want.Swapped() && (!s.palette.proven || asked.swapped != s.palette.swapped)
}

// prove holds a portrait against what was asked for. A background with red and
// blue in the other's place is an error; the server is asked the other way from
// then on. Where that did not help either, only a background that every server
// paints is the server's fault, and not a photo's sky.
func (s *Server) prove(asked painted, made api.Picture, sure bool) error {
	if !made.Plain || asked.want.Alike(asked.want.Swapped()) {
		return nil
	}
	p := &s.palette
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case made.Background.Alike(asked.want):
		p.proven = true
		return nil
	case !made.Background.Alike(asked.want.Swapped()):
		return nil
	case asked.swapped != p.swapped: // was asked before the server was found out
	case !p.turned:
		p.swapped, p.turned = !p.swapped, true
	case !sure:
		return nil
	}
	return &api.Failed{Detail: "a portrait on " + made.Background.String() + " instead of " + asked.want.String()}
}
