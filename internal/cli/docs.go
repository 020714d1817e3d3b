package cli

import (
	"context"

	"github.com/djok/facecraft/internal/run"
)

// docsPage is the address of a server's documentation.
func (a *app) docsPage(_ context.Context, server run.Server) string { return server.URL + "/docs" }
