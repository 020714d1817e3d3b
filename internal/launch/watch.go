package launch

import (
	"context"
	"errors"
	"os"
	"slices"

	"github.com/djok/facecraft/internal/batch"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/term"
)

// Watch processes existing and arriving photos until it is interrupted, which is
// its normal end.
func (p *Processing) Watch(ctx context.Context) error {
	for _, arg := range p.Args {
		if info, err := os.Stat(arg); err != nil || !info.IsDir() {
			return fault.New(fault.Usage, "name directories", "cannot watch %s: not a directory", term.Name(arg))
		}
	}
	if err := p.Audience.Expect(nil); err != nil {
		return err
	}
	servers, err := p.servers(ctx)
	if err != nil {
		return err
	}
	p.Selection.ImageIDs = imageIDs(servers)
	p.Settings.UI.Done("Watching for photos; press Ctrl-C to stop")
	return p.follow(ctx, servers)
}

// follow feeds arriving photos to the servers.
func (p *Processing) follow(ctx context.Context, servers []*batch.Server) error {
	inner, stop := context.WithCancel(ctx)
	defer stop()
	queue := make(chan *batch.Job)
	run := p.run(ctx, servers)
	run.Report = func(r batch.Result) {
		p.Audience.Result(r)
		if r.Outcome == batch.Pending { // without a server there is nothing to watch for
			stop()
		}
	}
	ended := make(chan error, 1)
	go func() { ended <- run.Do(inner, queue) }()
	var arrivals batch.Arrivals
	watchErr := batch.Watch(inner, p.Args, p.Finder.Avoid, func() bool { return p.feed(inner, queue, &arrivals) },
		func(err error) { p.Settings.UI.Warn("new photos will be found a little later: %v", err) })
	close(queue)
	if err := <-ended; !errors.Is(err, context.Canceled) {
		return p.Audience.End(ctx, err)
	}
	if !errors.Is(watchErr, context.Canceled) {
		return p.Audience.End(ctx, watchErr)
	}
	return p.Audience.End(ctx, nil)
}

// feed queues the photos that have settled, and reports whether others have not.
func (p *Processing) feed(ctx context.Context, queue chan<- *batch.Job, arrivals *batch.Arrivals) (more bool) {
	settled, more, err := p.arrived(arrivals)
	if err != nil {
		p.Settings.UI.Warn("%v", err)
	}
	if jobs := slices.Concat(settled.Todo, settled.Failed); len(jobs) > 0 {
		if err := p.Audience.Expect(jobs); err != nil {
			p.Settings.UI.Warn("%v", err) // at the end, it is returned as an error
		}
	}
	p.Audience.Begin(len(settled.Todo)+len(settled.Failed), settled)
	for _, job := range settled.Todo {
		select {
		case queue <- job:
		case <-ctx.Done():
		}
	}
	return more
}

// arrived finds photos that have settled and have no portrait yet.
func (p *Processing) arrived(arrivals *batch.Arrivals) (selected batch.Selected, more bool, err error) {
	found, _, err := p.Finder.Find(p.Args)
	if err != nil {
		return selected, false, err
	}
	jobs, err := p.Planner.Plan(found)
	if err != nil {
		return selected, false, err
	}
	settled, more := arrivals.Settled(jobs)
	selected = p.Selection.Select(settled)
	selected.Kept, selected.Protected = nil, 0 // not news while watching
	return selected, more, nil
}
