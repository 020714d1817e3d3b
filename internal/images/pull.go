package images

import (
	"context"
	"sync"
	"time"

	"github.com/docker/docker/api/types/image"
	registrytypes "github.com/docker/docker/api/types/registry"
	"github.com/docker/docker/pkg/jsonmessage"

	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/progress"
	"github.com/djok/facecraft/internal/registry"
)

// Retry says how long a pull tolerates network problems. Zero values mean
// DefaultRetry's.
type Retry struct {
	// Attempts is how many consecutive attempts may fail without a single new
	// byte.
	Attempts int
	// Backoff is the pause after the first failure; it doubles each time.
	Backoff time.Duration
	// Stall is how long to wait without any data. Giving up loses the layers in
	// progress, and TCP survives most interruptions by itself.
	Stall time.Duration
	// Keep is how often to save complete layers, in case the rest fails.
	Keep time.Duration
}

// DefaultRetry suits a large download over a bad network.
var DefaultRetry = Retry{Attempts: 5, Backoff: time.Second, Stall: time.Minute, Keep: 5 * time.Second}

func (p Retry) orDefault() Retry {
	if p == (Retry{}) {
		return DefaultRetry
	}
	return p
}

// PullOptions are the options of one pull.
type PullOptions struct {
	// Estimate is the expected download. Without it (the zero value), the total
	// is unknown and no layers are kept.
	Estimate registry.Estimate
	Report   Reporter
	Retry    Retry // the zero value means DefaultRetry
	Direct   Direct
}

// Pull downloads an image itself if the daemon can pull it from here. Otherwise it
// has the daemon download it, and reports why.
func (s *Store) Pull(ctx context.Context, img plan.Image, o PullOptions) error {
	p := s.newPulling(img, o)
	d, why := s.direct(ctx, p, o)
	if d == nil {
		o.Report(progress.Event{Stage: progress.ByDaemon, Subject: why})
		p.keeper.start(p.retry.Keep)
		return p.run(ctx)
	}
	return d.run(ctx)
}

func (s *Store) newPulling(img plan.Image, o PullOptions) *pulling {
	p := &pulling{store: s, retry: o.Retry.orDefault(), tell: o.Report, image: img, from: img.Reference,
		tally: newTally(o.Estimate)}
	p.event = func() progress.Event { return p.tally.event(img.Reference) }
	p.keeper = s.newKeeper(o.Estimate, o.Report)
	return p
}

// run has the daemon pull, with retries: the daemon itself retries little,
// waits forever if no data arrives, and drops the complete layers of a failed
// pull. The daemon stops when ctx is done.
func (p *pulling) run(ctx context.Context) error {
	defer p.keeper.stop()
	p.report()
	backoff := p.retry.Backoff
	for failures := 1; ; failures++ {
		before := p.tally.done
		err := p.attempt(ctx)
		progressed := p.tally.done > before
		switch {
		case err == nil:
			p.keeper.release()
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case progressed:
			failures, backoff = 1, p.retry.Backoff
		}
		kind := registry.Classify(err)
		if kind == registry.Full {
			p.keeper.release() // it may be what fills the disk
		}
		again := kind == registry.Transient || kind == registry.Unreachable && p.tally.done > 0
		if !again || failures >= p.retry.Attempts {
			return registry.Explain(p.image.Reference, err)
		}
		p.tell(progress.Event{Stage: progress.Retrying, Subject: err.Error(), Left: backoff})
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(backoff):
		}
		backoff *= 2
		p.tally.restart()
		p.keeper.restart()
	}
}

// maxQueries is how often to ask a registry that drops the connection: each
// query may take the daemon a minute.
const maxQueries = 3

// AskRegistry has the daemon query an image if this program could not. The
// error is what a pull would fail with; there is none if the daemon does not
// support such queries.
func (s *Store) AskRegistry(ctx context.Context, reference string, report Reporter, retry Retry) error {
	auth, err := s.auth(reference)
	if err != nil {
		return err
	}
	retry = retry.orDefault()
	for asked := 1; ; asked++ {
		err := s.ask(ctx, reference, auth, retry.Stall)
		switch kind := registry.Classify(err); {
		case err == nil || ctx.Err() != nil || kind == registry.Unclear:
			return ctx.Err()
		case kind != registry.Transient || asked == maxQueries:
			return registry.Explain(reference, err)
		}
		report(progress.Event{Stage: progress.Retrying, Subject: err.Error(), Left: retry.Backoff})
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(retry.Backoff):
		}
		retry.Backoff *= 2
	}
}

// ask has the daemon query an image once, and does not wait longer than stall.
func (s *Store) ask(ctx context.Context, reference, auth string, stall time.Duration) error {
	asking, cancel := context.WithTimeout(ctx, stall)
	defer cancel()
	_, err := s.Docker.DistributionInspect(asking, reference, auth)
	if err != nil && asking.Err() != nil && ctx.Err() == nil {
		return stalled(stall)
	}
	return err
}

// auth returns the user's login for an image, encoded for the daemon. The
// estimate's notes say if a stored login cannot be read.
func (s *Store) auth(reference string) (string, error) {
	login, _ := s.Registry.Login(reference)
	if login == (registry.Login{}) {
		return "", nil
	}
	return registrytypes.EncodeAuthConfig(registrytypes.AuthConfig{
		Username: login.Username, Password: login.Password,
		IdentityToken: login.IdentityToken, RegistryToken: login.RegistryToken,
	})
}

// pulling is one pull with all its attempts.
type pulling struct {
	store  *Store
	retry  Retry
	tell   Reporter
	image  plan.Image
	from   string // what the daemon pulls
	keeper *keeper
	event  func() progress.Event // the state to show to people

	mu       sync.Mutex
	tally    *tally
	reported time.Time
}

// attempt has the daemon pull, and checks that it makes progress.
func (p *pulling) attempt(ctx context.Context) error {
	return p.watched(ctx, p.from, p.retry.Stall, func(m jsonmessage.JSONMessage) (unpacking bool) {
		if !p.count(m) {
			return false
		}
		p.keeper.see(m)
		p.report()
		return !p.tally.downloading()
	})
}

func (p *pulling) count(m jsonmessage.JSONMessage) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tally.add(m, time.Now())
}

func (p *pulling) stream(ctx context.Context, from string, each func(jsonmessage.JSONMessage)) error {
	auth, err := p.store.auth(from)
	if err != nil {
		return err
	}
	body, err := p.store.Docker.ImagePull(ctx, from, image.PullOptions{Platform: p.image.Platform, RegistryAuth: auth})
	if err != nil {
		return err
	}
	defer body.Close()
	return follow(body, each)
}

// report passes progress on, but not each of the daemon's many messages.
func (p *pulling) report() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := time.Now(); now.Sub(p.reported) >= reportInterval {
		p.reported = now
		p.tell(p.event())
	}
}
