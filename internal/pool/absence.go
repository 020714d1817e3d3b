package pool

import "context"

// Verdict is what becomes of a server. The zero value changes nothing.
type Verdict struct {
	// Away, if not nil, keeps the server from getting work until it returns. Its
	// error gives the server up.
	Away func() error
	// Anew means that the server that comes back is not the one that left: what
	// failed before says nothing about it.
	Anew bool
	// GiveUp, if not nil, is why the server gets no more work.
	GiveUp error
}

// Judge has a server judged by how its work ended. It ignores work that began
// before the server last came back (see Generation), and servers that are not
// live. Calls of judge do not overlap.
func (p *Pool[S]) Judge(m *Member[S], generation int, judge func() Verdict) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if m.state != live || m.generation != generation {
		return
	}
	verdict := judge()
	switch {
	case verdict.GiveUp != nil:
		p.giveUp(m, verdict.GiveUp)
	case verdict.Away != nil:
		p.leave(m, verdict)
	}
}

func (p *Pool[S]) leave(m *Member[S], verdict Verdict) {
	m.state = away
	p.announce()
	p.absences.Go(func() {
		err := verdict.Away()
		p.mu.Lock()
		defer p.mu.Unlock()
		if err != nil {
			p.giveUp(m, err)
			return
		}
		m.state = live
		if verdict.Anew {
			m.generation++
		}
		p.announce()
	})
}

func (p *Pool[S]) giveUp(m *Member[S], why error) {
	m.state, p.lastWhy = out, why
	p.announce()
}

// announce tells everyone who waits that a server's state has changed.
func (p *Pool[S]) announce() {
	close(p.changed)
	p.changed = make(chan struct{})
	p.dispatch()
}

// AwaitBack waits while a server is away, and reports whether it gets work again.
func (p *Pool[S]) AwaitBack(ctx context.Context, m *Member[S]) bool {
	for {
		p.mu.Lock()
		state, changed := m.state, p.changed
		p.mu.Unlock()
		if state != away || ctx.Err() != nil {
			return state == live && ctx.Err() == nil
		}
		select {
		case <-ctx.Done():
		case <-changed:
		}
	}
}

// Wait returns when no server is away.
func (p *Pool[S]) Wait() { p.absences.Wait() }

// Generation returns how often a server has come back.
func (p *Pool[S]) Generation(m *Member[S]) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return m.generation
}
