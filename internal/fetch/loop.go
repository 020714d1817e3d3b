package fetch

import (
	"context"
	"errors"
	"time"
)

// A request asks for at least shortestRun and at most longestRun blocks. Shorter
// runs complete the beginning of a blob sooner; longer ones need fewer requests.
const shortestRun, longestRun = 4, 64

// result is the outcome of a request.
type result struct {
	run  *run
	made time.Time
	err  error
}

// loop makes requests until its context is done or a blob cannot be downloaded.
// One goroutine makes all decisions.
type loop struct {
	*Fetcher
	pace    *pace
	results chan result
	active  int
	broken  []*run // to be continued
	trouble error  // the last failure
}

func (f *Fetcher) loop(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	l := &loop{Fetcher: f, pace: newPace(f.order.Connections, f.order.Patience), results: make(chan result)}
	ticker := time.NewTicker(measure)
	defer ticker.Stop()
	err := l.run(ctx, ticker.C)
	cancel(err)
	for ; l.active > 0; l.active-- {
		<-l.results
	}
	return err
}

func (l *loop) run(ctx context.Context, tick <-chan time.Time) error {
	for {
		l.begin(ctx)
		l.tell()
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-l.woken:
		case now := <-tick:
			l.pace.adapt(now, l.received.Load(), l.active >= l.pace.limit)
		case r := <-l.results:
			l.active--
			if err := l.settle(r); err != nil {
				return err
			}
		}
		if err := l.failure(); err != nil {
			return err
		}
	}
}

// begin starts as many requests as the pace allows and the work requires.
func (l *loop) begin(ctx context.Context) {
	for now := time.Now(); l.pace.room(now, l.active); {
		r := l.next()
		if r == nil {
			return
		}
		l.active++
		go func() {
			err := r.receive(ctx, l.order.Patience.Stall, func(n int) { l.received.Add(int64(n)) })
			l.results <- result{r, now, err}
		}()
	}
}

// next returns what to fetch next: a run that broke off, or else the first missing
// blocks. It returns nil if there is neither.
func (l *loop) next() *run {
	if n := len(l.broken); n > 0 {
		r := l.broken[0]
		l.broken = l.broken[1:]
		return r
	}
	limit := l.share()
	for _, b := range l.blobs {
		if r := b.claim(limit); r != nil {
			r.block = l.buffers.Get().(*[BlockSize]byte)[:0]
			return r
		}
	}
	return nil
}

// share returns how many blocks a run gets: fewer towards the end, so that all
// connections have work.
func (l *loop) share() int {
	var pending int64
	for _, b := range l.blobs {
		if b.wanted() {
			pending += b.pending()
		}
	}
	blocks := pending / BlockSize / int64(2*l.pace.limit)
	return int(min(max(blocks, shortestRun), longestRun))
}

// settle handles the outcome of a request. An error ends the download.
func (l *loop) settle(r result) error {
	switch {
	case r.err == nil:
		l.drop(r.run)
		return nil
	case permanent(r.err):
		return r.err
	case errors.Is(r.err, errNoRanges):
		r.run.blob.refuseRanges()
		l.drop(r.run)
		return nil
	case r.run.whole:
		l.drop(r.run) // the next request is for the whole blob anyway
	default:
		l.broken = append(l.broken, r.run)
	}
	l.trouble = r.err
	return l.pace.failed(time.Now(), r.made, l.received.Load(), r.err)
}

func (l *loop) drop(r *run) {
	r.blob.release(r)
	l.buffers.Put((*[BlockSize]byte)(r.block[:BlockSize]))
}

// tell updates the progress.
func (l *loop) tell() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.progress.Connections = l.active
	l.progress.Trouble, l.progress.Resume = nil, l.pace.until
	if l.pace.failures > 0 {
		l.progress.Trouble = l.trouble
	}
}

// failure returns the error of a blob that cannot be downloaded, or nil.
func (l *loop) failure() error {
	for _, b := range l.blobs {
		b.mu.Lock()
		err := b.err
		b.mu.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}
