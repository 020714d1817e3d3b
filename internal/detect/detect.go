// Package detect photographs the machine: probes that run side by side, never
// decide, and never fail a command. What a probe cannot find out becomes an
// unknown with its cause.
package detect

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/system"

	"github.com/djok/facecraft/internal/plan"
)

// probeTimeout bounds each probe; nvidia-smi is known to hang on a sick
// driver.
const probeTimeout = 3 * time.Second

// Daemon is what the probes ask of a reached daemon.
type Daemon interface {
	Info(ctx context.Context) (system.Info, error)
	ServerVersion(ctx context.Context) (types.Version, error)
}

// Probes are the ways to look at the world, so that tests can show another.
type Probes struct {
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
	HostMemory    func() (int64, error)
	GraphicsCards func() ([]string, error)
	// Listening tells whether something accepts connections on a TCP port of
	// this machine.
	Listening func(port int) bool
}

// Facts runs all probes. ports are those that the container could be
// published on.
func (p Probes) Facts(ctx context.Context, ports []int) plan.Facts {
	facts := plan.Facts{Host: plan.Host{OS: runtime.GOOS, Arch: runtime.GOARCH}}
	var wg sync.WaitGroup
	wg.Go(func() { facts.Host.Memory = guarded("ghw", p.HostMemory) })
	wg.Go(func() { facts.Host.GraphicsCards = guarded("ghw", p.GraphicsCards) })
	wg.Go(func() { facts.GPUs = p.gpus(ctx) })
	wg.Go(func() { facts.BusyPorts = p.busyPorts(ports) })
	wg.Go(func() {
		facts.Daemon = p.daemon(ctx)
		facts.LiteImage = p.liteImage(facts.Daemon.Arch)
	})
	wg.Wait()
	return facts
}

// guarded turns a failing probe into an unknown, and a panicking one too:
// ghw's Windows code can panic on missing WMI values.
func guarded[T any](source string, probe func() (T, error)) (fact plan.Fact[T]) {
	defer func() {
		if r := recover(); r != nil {
			fact = plan.Unknown[T](fmt.Sprintf("%s: %v", source, r))
		}
	}()
	value, err := probe()
	if err != nil {
		return plan.Unknown[T](fmt.Sprintf("%s: %v", source, err))
	}
	return plan.Known(value, source)
}

func (p Probes) liteImage(arch plan.Fact[string]) plan.Fact[string] {
	wanted := arch.Value
	if !arch.Known {
		wanted = runtime.GOARCH // a compose file can be written without a daemon
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
	var busy []int
	for _, port := range ports {
		if p.Listening(port) {
			busy = append(busy, port)
		}
	}
	return plan.Known(busy, "something listens there already")
}
