// Package images is what one daemon has of images: which are available locally,
// how others are pulled or loaded, and what is kept of a pull that failed.
package images

import (
	"time"

	"github.com/docker/docker/client"

	"github.com/djok/facecraft/internal/helper"
	"github.com/djok/facecraft/internal/progress"
	"github.com/djok/facecraft/internal/registry"
)

// cleanupTimeout bounds the work of leaving nothing half made, which also has
// to happen after an interruption.
const cleanupTimeout = 10 * time.Second

// Store is the images of one daemon.
type Store struct {
	Docker client.APIClient
	// Helper gives the lite image for an architecture (as GOARCH).
	Helper func(arch string) (*helper.Helper, error)
	// Instance is noted as the user of images; empty notes nothing.
	Instance string
	// Registry finds the logins for pulls.
	Registry registry.Client
}

// Reporter is told what is going on.
type Reporter func(progress.Event)
