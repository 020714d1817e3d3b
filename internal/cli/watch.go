package cli

import (
	"context"
	"errors"
	"slices"

	"github.com/djok/facecraft/internal/batch"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/term"
)

// watch processes what is there and what arrives, until it is interrupted:
// that is its ordinary end.
func (p *photos) watch(ctx context.Context) error {
	for _, arg := range p.args {
		if !isDirectory(arg) {
			return fault.New(fault.Usage, "name directories", "%s is no directory that could be watched", term.Name(arg))
		}
	}
	if err := p.show.expect(nil); err != nil {
		return err
	}
	servers, err := p.servers(ctx)
	if err != nil {
		return err
	}
	p.selection.ImageIDs = imageIDs(servers)
	p.ui.Done("watching for photos; Ctrl-C ends it")

	inner, stop := context.WithCancel(ctx)
	defer stop()
	queue := make(chan *batch.Job)
	run := p.run(ctx, servers)
	run.Report = func(r batch.Result) {
		p.show.result(r)
		if r.Outcome == batch.Pending { // without a server there is nothing to watch for
			stop()
		}
	}
	ended := make(chan error, 1)
	go func() { ended <- run.Do(inner, queue) }()
	var arrivals batch.Arrivals
	watchErr := batch.Watch(inner, p.args, p.finder.Avoid, func() bool {
		settled, more, err := p.arrived(&arrivals)
		if err != nil {
			p.ui.Warn("%v", err)
		}
		if jobs := slices.Concat(settled.Todo, settled.Failed); len(jobs) > 0 {
			if err := p.show.expect(jobs); err != nil {
				p.ui.Warn("%v", err) // at the end it is an error
			}
		}
		p.show.begin(len(settled.Todo)+len(settled.Failed), settled)
		for _, job := range settled.Todo {
			select {
			case queue <- job:
			case <-inner.Done():
			}
		}
		return more
	}, func(err error) { p.ui.Warn("new photos are found a little later: %v", err) })
	close(queue)
	if err := <-ended; !errors.Is(err, context.Canceled) {
		return p.show.end(ctx, err)
	}
	if !errors.Is(watchErr, context.Canceled) {
		return p.show.end(ctx, watchErr)
	}
	return p.show.end(ctx, nil)
}

// arrived finds photos that have settled and have no portrait yet.
func (p *photos) arrived(arrivals *batch.Arrivals) (selected batch.Selected, more bool, err error) {
	found, _, err := p.finder.Find(p.args)
	if err != nil {
		return selected, false, err
	}
	jobs, err := p.planner.Plan(found)
	if err != nil {
		return selected, false, err
	}
	settled, more := arrivals.Settled(jobs)
	selected = p.selection.Select(settled)
	selected.Kept, selected.Foreign = nil, 0 // nobody waits for them
	return selected, more, nil
}
