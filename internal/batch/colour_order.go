package batch

import (
	"context"
	"sync"

	"github.com/djok/facecraft/internal/api"
)

// colourOrder is what is known about a server's colour order: version 1.0.0 swaps
// red and blue. The server's version is a first guess, its portraits are proof.
type colourOrder struct {
	mu        sync.Mutex
	guessed   bool
	swapped   bool
	proven    bool // by a portrait
	corrected bool // a portrait disproved the guess
}

// askedBackground is a background colour as wanted, and as sent to a server.
type askedBackground struct {
	want, sent api.Colour
	swapped    bool
}

// ask returns the background colour to send to a server.
func (s *Server) ask(ctx context.Context, want api.Colour, swaps func(api.Status) bool) askedBackground {
	if want == want.Swapped() {
		return askedBackground{want: want, sent: want}
	}
	p := &s.colourOrder
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.guessed && swaps != nil {
		// If the server does not respond in time, its first portrait will show.
		if status, err := s.client.Status(ctx); err == nil {
			p.swapped = swaps(status)
		}
	}
	p.guessed = true
	sent := want
	if p.swapped {
		sent = want.Swapped()
	}
	return askedBackground{want: want, sent: sent, swapped: p.swapped}
}

// unproven reports whether no portrait has confirmed the colour order yet.
func (s *Server) unproven(asked askedBackground) bool {
	s.colourOrder.mu.Lock()
	defer s.colourOrder.mu.Unlock()
	return asked.want != asked.want.Swapped() && (!s.colourOrder.proven || asked.swapped != s.colourOrder.swapped)
}

// prove compares a portrait's background with the colour asked for. If red and
// blue are swapped, that is an error, and the order is reversed from then on. If
// they still are, it is only an error if the server is sure to have painted the
// background; otherwise it may just be the sky in the photo.
func (s *Server) prove(asked askedBackground, made api.Picture, sure bool) error {
	if !made.Plain || asked.want.Alike(asked.want.Swapped()) {
		return nil
	}
	p := &s.colourOrder
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case made.Background.Alike(asked.want):
		p.proven = true
		return nil
	case !made.Background.Alike(asked.want.Swapped()):
		return nil
	case asked.swapped != p.swapped: // sent before the order was reversed
	case !p.corrected:
		p.swapped, p.corrected = !p.swapped, true
	case !sure:
		return nil
	}
	return &api.Failed{
		Detail: "a portrait with background " + made.Background.String() + " instead of " + asked.want.String(),
	}
}
