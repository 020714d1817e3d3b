// Package images manages the images of one daemon: which are available locally,
// how to pull or load others, and what is kept of a failed pull.
package images

import (
	"time"

	"github.com/docker/docker/client"

	"github.com/djok/facecraft/internal/helper"
	"github.com/djok/facecraft/internal/progress"
	"github.com/djok/facecraft/internal/registry"
)

// cleanupTimeout limits the cleanup, which also runs after an interruption.
const cleanupTimeout = 10 * time.Second

// Store manages the images of one daemon.
type Store struct {
	Docker client.APIClient
	// Helper returns the lite image for an architecture (as GOARCH).
	Helper func(arch string) (*helper.Helper, error)
	// Instance is recorded as the user of images; empty records nothing.
	Instance string
	// Registry finds the logins for pulls.
	Registry registry.Client
}

// Reporter receives progress events.
type Reporter func(progress.Event)
