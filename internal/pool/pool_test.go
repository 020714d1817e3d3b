package pool

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// acquire takes a server that must be free.
func acquire(t *testing.T, p *Pool[string], wish Wish[string]) *Member[string] {
	t.Helper()
	m, err := p.Acquire(t.Context(), wish)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestLeastBusy(t *testing.T) {
	t.Parallel()
	p := New(2, "a", "b")
	first, second := acquire(t, p, Wish[string]{}), acquire(t, p, Wish[string]{})
	if first == second {
		t.Error("one server got both, the other is idle")
	}
	p.Release(first)
	if again := acquire(t, p, Wish[string]{}); again != first {
		t.Error("the busier server got the work")
	}
	p.Release(second)
	if other := acquire(t, p, Wish[string]{Avoid: second}); other != first {
		t.Error("the avoided server got the work while another has room")
	}
}

func TestInTheOrderOfAsking(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := New(1, "a")
		held := acquire(t, p, Wish[string]{})
		var order []int
		for i := range 5 {
			go func() {
				m, _ := p.Acquire(t.Context(), Wish[string]{})
				order = append(order, i) // one at a time: there is one server
				p.Release(m)
			}()
			synctest.Wait()
		}
		p.Release(held)
		synctest.Wait()
		for i, got := range order {
			if got != i {
				t.Fatalf("order %v", order)
			}
		}
		if len(order) != 5 {
			t.Fatalf("%d of 5 got a server", len(order))
		}
	})
}

func TestAloneGoesFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := New(2, "a")
		first, second := acquire(t, p, Wish[string]{}), acquire(t, p, Wish[string]{})
		var order []string
		ask := func(name string, alone bool) {
			m, _ := p.Acquire(t.Context(), Wish[string]{Alone: alone})
			order = append(order, name)
			p.Release(m)
		}
		go ask("other", false)
		synctest.Wait()
		go ask("alone", true)
		synctest.Wait()
		p.Release(first)
		synctest.Wait()
		if len(order) != 0 {
			t.Fatalf("%v got a server that is kept for the one that wants it alone", order)
		}
		p.Release(second)
		synctest.Wait()
		if len(order) != 2 || order[0] != "alone" {
			t.Errorf("order %v", order)
		}
	})
}

// TestLeaving: one that no longer waits holds nobody up and keeps no server.
func TestLeaving(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := New(1, "a")
		held := acquire(t, p, Wish[string]{})
		ctx, cancel := context.WithCancel(t.Context())
		var got atomic.Int32
		for range 20 {
			go func() {
				if m, err := p.Acquire(ctx, Wish[string]{}); err == nil {
					got.Add(1)
					p.Release(m)
				}
			}()
		}
		synctest.Wait()
		go cancel()
		p.Release(held)
		synctest.Wait()
		p.Release(acquire(t, p, Wish[string]{Alone: true}))
		t.Logf("%d of 20 were served before they left", got.Load())
	})
}

func TestJudge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := New(1, "a", "b")
		a := p.Members()[0]
		back := make(chan error)
		p.Judge(a, 0, func() Verdict { return Verdict{Anew: true, Away: func() error { return <-back }} })
		if m := acquire(t, p, Wish[string]{}); m == a {
			t.Error("a server that is away got work")
		}
		p.Judge(a, 0, func() Verdict { t.Error("judged while it is away"); return Verdict{} })
		back <- nil
		if !p.AwaitBack(t.Context(), a) {
			t.Error("it did not come back")
		}
		p.Judge(a, 0, func() Verdict { t.Error("judged for what its predecessor did"); return Verdict{} })
		why := errors.New("broken")
		p.Judge(a, p.Generation(a), func() Verdict { return Verdict{Away: func() error { return why }} })
		p.Wait()
		if p.AwaitBack(t.Context(), a) {
			t.Error("a server that was given up counts as back")
		}
		waiting := make(chan error)
		go func() {
			_, err := p.Acquire(t.Context(), Wish[string]{})
			waiting <- err
		}()
		synctest.Wait()
		last := errors.New("the last one")
		p.Judge(p.Members()[1], 0, func() Verdict { return Verdict{GiveUp: last} })
		var none *NoServer
		if err := <-waiting; !errors.As(err, &none) || !errors.Is(err, last) {
			t.Errorf("waiting ended with %v", err)
		}
	})
}

// TestManyClients is for the race detector.
func TestManyClients(t *testing.T) {
	t.Parallel()
	p := New(2, "a", "b", "c")
	busy := map[*Member[string]]*atomic.Int32{}
	for _, m := range p.Members() {
		busy[m] = new(atomic.Int32)
	}
	var clients sync.WaitGroup
	for i := range 200 {
		clients.Go(func() {
			m, err := p.Acquire(t.Context(), Wish[string]{Alone: i%10 == 0})
			if err != nil {
				t.Error(err)
				return
			}
			if n := busy[m].Add(1); n > 2 || i%10 == 0 && n > 1 {
				t.Errorf("%d pieces of work at once on %s", n, m.Server)
			}
			p.Judge(m, p.Generation(m), func() Verdict {
				return Verdict{Away: func() error { return nil }, Anew: true}
			})
			busy[m].Add(-1)
			p.Release(m)
		})
	}
	clients.Wait()
	p.Wait()
}
