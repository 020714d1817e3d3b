package launch

import (
	"context"
	"time"

	"github.com/djok/facecraft/internal/catalogue"
	"github.com/djok/facecraft/internal/detect"
	"github.com/djok/facecraft/internal/doctor"
	"github.com/djok/facecraft/internal/plan"
)

// Examine checks everything, including the daemon's machine.
func Examine(ctx context.Context, settings Settings) (doctor.Report, error) {
	catalogue, err := catalogue.Load()
	if err != nil {
		return doctor.Report{}, err
	}
	l, unreachable := Connect(ctx, settings)
	if unreachable != nil {
		l = &Launcher{Settings: settings}
	}
	defer l.Close()
	ports, err := l.askPorts(ctx)
	if err != nil {
		ports = nil // the daemon's own findings say that it does not answer
	}
	facts := l.Probes().Facts(ctx, detect.Scope{Ports: ports, Helper: detect.Always})
	if unreachable == nil {
		facts.Downloads = l.downloads(ctx)
		facts.Images = l.imagePitfalls(ctx, catalogue)
	}
	if ctx.Err() != nil {
		return doctor.Report{}, ctx.Err()
	}
	return doctor.Examine(l.Version, l.Instance, facts, catalogue, unreachable), nil
}

// stuckTimeout limits requests to a daemon that may be stuck.
const stuckTimeout = 3 * time.Second

func (l *Launcher) askPorts(ctx context.Context) ([]int, error) {
	ctx, cancel := context.WithTimeout(ctx, stuckTimeout)
	defer cancel()
	return l.portsOfOthers(ctx, plan.Request{}.CandidatePorts())
}
