package batch

import (
	"context"

	"github.com/djok/facecraft/internal/api"
)

// Server is a server that makes portraits.
type Server struct {
	URL string
	// ImageID identifies what makes the portraits: the digest of the image, or
	// what the server reports about itself. Empty if unknown.
	ImageID string
	// Token is the bearer token to send, or empty.
	Token string
	// Local servers run on this machine; their certificates may be for any name.
	Local bool
	// Revive gets a server that stopped responding ready again, or returns why
	// it cannot. If nil, the server can only be waited for. A server that died
	// is only restarted if again is true. byOrder means that it was stopped on
	// purpose, so no photo is to blame.
	Revive func(ctx context.Context, again bool) (byOrder bool, err error)

	client      *api.Client
	strikes     int // failures since the last success
	deaths      int // failures among them without a response
	colourOrder colourOrder
}

func (s *Server) connect() {
	if s.client = api.NewWithToken(s.URL, s.Token); s.Local {
		s.client = api.NewLocal(s.URL, s.Token)
	}
}

const (
	// maxStrikes is how many failures in a row a server may have. It is more
	// than a few bad photos can cause on a working server.
	maxStrikes = 10
	// maxCrashes is how often in a row a server may die before it is no longer
	// restarted. Three photos that each stop it twice stay below that.
	maxCrashes = 7
)
