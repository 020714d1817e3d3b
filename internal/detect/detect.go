// Package detect takes a snapshot of the machine with probes that run in
// parallel, never decide, and never fail a command. What a probe cannot find
// out becomes an unknown with its cause.
package detect

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/djok/facecraft/internal/helpercmd"
	"github.com/djok/facecraft/internal/plan"
)

// probeTimeout limits each probe; nvidia-smi can hang on a broken driver.
const probeTimeout = 3 * time.Second

// daemonTimeout limits each request to the daemon. Podman queries the package
// manager first, which takes seconds with a cold disk cache.
const daemonTimeout = 10 * time.Second

// helperTimeout limits the helper container, including loading its image.
const helperTimeout = 10 * time.Second

// helperGrace is how long removing the helper container may take, even after an
// interruption.
const helperGrace = 2 * time.Second

// Probes are functions that look at the machine, so that tests can fake one.
type Probes struct {
	OS, Arch string // of this machine, as GOOS and GOARCH
	Root     string // root of this machine's file system, "/"
	// Daemon is nil if none was reached; Endpoint is then empty.
	Daemon   Daemon
	Endpoint string
	Local    bool
	// Run runs a program and returns its standard output; the error says how it
	// ended. The context limits it.
	Run func(ctx context.Context, name string, args ...string) ([]byte, error)
	// LiteReference names the lite image for an architecture, or returns why
	// there is none.
	LiteReference func(arch string) (string, error)
	// HostMemory and GraphicsCards ask the host.
	HostMemory    func(root string) (int64, error)
	GraphicsCards func(root string) ([]string, error)
	FreeDisk      func(path string) (int64, error)
	// Listening reports whether a TCP port of this machine is in use.
	Listening func(port int) bool
	// AskHelper runs the helper container, with GPUs if requested, and returns
	// what it sees.
	AskHelper func(ctx context.Context, arch string, gpus *plan.GPURequest) (helpercmd.Machine, error)
}

// Scope says what to detect.
type Scope struct {
	Ports []int    // ports that the container could be published on
	GPUs  []string // requested GPUs, as in plan.Request.GPUs
	// Helper says when to run the helper container.
	Helper HelperUse
}

// HelperUse says when to run the helper container, which takes about a second.
type HelperUse int

// Only the helper container can prove GPU access, so it is worth the time if a
// choice depends on it.
const (
	Never       HelperUse = iota
	GPUSeen               // if an NVIDIA GPU was detected
	GPUPossible           // unless there is definitely none
	Always
)

func (u HelperUse) now(gpus plan.Fact[[]plan.GPU]) bool {
	switch seen := len(gpus.Value) > 0; u {
	case GPUSeen:
		return seen
	case GPUPossible:
		return seen || !gpus.Known
	default:
		return u == Always
	}
}

// Facts runs all probes.
func (p Probes) Facts(ctx context.Context, scope Scope) plan.Facts {
	facts := plan.Facts{Host: plan.Host{OS: p.OS, Arch: p.Arch}}
	var wg sync.WaitGroup
	wg.Go(func() { p.host(ctx, &facts.Host) })
	wg.Go(func() { facts.GPUs = p.gpus(ctx) })
	wg.Go(func() { facts.BusyPorts = p.busyPorts(scope.Ports) })
	wg.Go(func() {
		facts.Daemon = p.daemon(ctx)
		facts.LiteImage = p.liteImage(facts.Daemon.Arch)
	})
	wg.Wait()
	p.settleDaemon(&facts)
	if scope.Helper.now(facts.GPUs) {
		p.askHelper(ctx, &facts, scope.GPUs)
	}
	return facts
}

// bounded runs a probe that may fail, hang or panic: ghw's Windows code can
// panic on missing WMI values, and a program that waits for a broken driver
// cannot even be killed. Whatever happens becomes a fact.
func bounded[T any](ctx context.Context, source string, probe func(context.Context) plan.Fact[T]) plan.Fact[T] {
	return within(ctx, probeTimeout, 0, source, probe)
}

// within gives the probe a limit to answer, and then a grace period to end.
func within[T any](ctx context.Context, limit, grace time.Duration, source string,
	probe func(context.Context) plan.Fact[T]) plan.Fact[T] {
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

// from turns a function that answers or fails into a probe.
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
		wanted = p.Arch // a Compose file can be written without a daemon
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
	busy := []int{} // empty is an answer, nil is not
	for _, port := range ports {
		if p.Listening(port) {
			busy = append(busy, port)
		}
	}
	return plan.Known(busy, "something is already listening there")
}
