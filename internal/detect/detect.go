// Package detect photographs the machine: probes that run side by side, never
// decide, and never fail a command. What a probe cannot find out becomes an
// unknown with its cause.
package detect

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/djok/facecraft/internal/inside"
	"github.com/djok/facecraft/internal/plan"
)

// probeTimeout bounds each probe; nvidia-smi is known to hang on a sick
// driver.
const probeTimeout = 3 * time.Second

// daemonTimeout bounds each question to the daemon. Podman asks the package
// manager before it answers, which takes seconds where the disk is cold.
const daemonTimeout = 10 * time.Second

// helperTimeout bounds the helper container, whose image may have to be
// loaded first.
const helperTimeout = 10 * time.Second

// helperGrace is how long the helper container may take to be removed, after
// an interruption too.
const helperGrace = 2 * time.Second

// Probes are the ways to look at the world, so that tests can show another.
type Probes struct {
	OS, Arch string // of this machine, as GOOS and GOARCH
	Root     string // of this machine's files, "/"
	// Daemon is nil when none was reached; Endpoint is then empty.
	Daemon   Daemon
	Endpoint string
	Local    bool
	// Run runs a program and returns its standard output; the error says how
	// it ended. It is bounded by its context.
	Run func(ctx context.Context, name string, args ...string) ([]byte, error)
	// LiteReference names the lite image for an architecture, or says why
	// there is none.
	LiteReference func(arch string) (string, error)
	// HostMemory and GraphicsCards are what the host itself knows.
	HostMemory    func(root string) (int64, error)
	GraphicsCards func(root string) ([]string, error)
	FreeDisk      func(path string) (int64, error)
	// Listening tells whether something accepts connections on a TCP port of
	// this machine.
	Listening func(port int) bool
	// Inside starts the helper container, with GPUs if a request is given,
	// and returns what it sees.
	Inside func(ctx context.Context, arch string, gpus *plan.GPURequest) (inside.View, error)
}

// Look says what to look at.
type Look struct {
	Ports []int    // those that the container could be published on
	GPUs  []string // those asked for, as plan.Request.GPUs
	// Inside tells when the helper container is to be started.
	Inside Inside
}

// Inside is an occasion for the helper container, which takes a moment.
type Inside int

// Only the helper container is certain of a GPU, so that it is worth its time
// where a choice hangs on one.
const (
	Never       Inside = iota
	GPUSeen            // an NVIDIA GPU was seen
	GPUPossible        // unless there is certainly none
	Always
)

func (i Inside) now(gpus plan.Fact[[]plan.GPU]) bool {
	switch seen := len(gpus.Value) > 0; i {
	case GPUSeen:
		return seen
	case GPUPossible:
		return seen || !gpus.Known
	default:
		return i == Always
	}
}

// Facts runs all probes.
func (p Probes) Facts(ctx context.Context, look Look) plan.Facts {
	facts := plan.Facts{Host: plan.Host{OS: p.OS, Arch: p.Arch}}
	var wg sync.WaitGroup
	wg.Go(func() { p.host(ctx, &facts.Host) })
	wg.Go(func() { facts.GPUs = p.gpus(ctx) })
	wg.Go(func() { facts.BusyPorts = p.busyPorts(look.Ports) })
	wg.Go(func() {
		facts.Daemon = p.daemon(ctx)
		facts.LiteImage = p.liteImage(facts.Daemon.Arch)
	})
	wg.Wait()
	p.settleDaemon(&facts)
	if look.Inside.now(facts.GPUs) {
		p.lookInside(ctx, &facts, look.GPUs)
	}
	return facts
}

// bounded runs a probe that may fail, hang or panic: ghw's Windows code can
// panic on missing WMI values, and a program that waits for a sick driver
// cannot even be killed. Whatever happens becomes a fact.
func bounded[T any](ctx context.Context, source string, probe func(context.Context) plan.Fact[T]) plan.Fact[T] {
	return within(ctx, probeTimeout, 0, source, probe)
}

// within gives the probe the limit to answer, and then the grace to end.
func within[T any](ctx context.Context, limit, grace time.Duration, source string, probe func(context.Context) plan.Fact[T]) plan.Fact[T] {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	answer := make(chan plan.Fact[T], 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				answer <- plan.Unknown[T](fmt.Sprintf("%s: %v", source, r))
			}
		}()
		answer <- probe(ctx)
	}()
	select {
	case fact := <-answer:
		if fact.Known || ctx.Err() == nil {
			return fact
		}
	case <-ctx.Done():
		select {
		case <-answer:
		case <-time.After(grace):
		}
	}
	return plan.Unknown[T](fmt.Sprintf("%s did not answer within %s", source, limit))
}

// from makes a probe of a function that answers or fails.
func from[T any](source string, ask func(context.Context) (T, error)) func(context.Context) plan.Fact[T] {
	return func(ctx context.Context) plan.Fact[T] {
		value, err := ask(ctx)
		if err != nil {
			return plan.Unknown[T](fmt.Sprintf("%s: %v", source, err))
		}
		return plan.Known(value, source)
	}
}

func (p Probes) liteImage(arch plan.Fact[string]) plan.Fact[string] {
	wanted := arch.Value
	if !arch.Known {
		wanted = p.Arch // a compose file can be written without a daemon
	}
	reference, err := p.LiteReference(wanted)
	if err != nil {
		return plan.Unknown[string](err.Error())
	}
	return plan.Known(reference, "built into this program, nothing is downloaded")
}

func (p Probes) busyPorts(ports []int) plan.Fact[[]int] {
	if p.Daemon != nil && !p.Local {
		return plan.Unknown[[]int]("the daemon is on another machine")
	}
	busy := []int{} // none is an answer
	for _, port := range ports {
		if p.Listening(port) {
			busy = append(busy, port)
		}
	}
	return plan.Known(busy, "something listens there already")
}
