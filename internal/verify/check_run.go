package verify

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/inventory"
)

// notObserved returns the result if an image ran, but this was not observed.
func notObserved(seen Observations) []result {
	why := "the server did not get ready"
	if seen.Start != nil && seen.Start.Ready {
		why = "it could not be observed"
	}
	return []result{unknown("%s", why).known(inventory.RunDepth)}
}

func offline(s *subject) []result {
	o := s.seen.Offline
	switch {
	case o == nil:
		return notObserved(s.seen)
	case !s.seen.Start.Ready:
		return []result{unknown("it does not get ready with a network either")}
	case o.Portrait:
		return []result{pass("it starts and makes a portrait without a network")}
	case !o.Ready:
		return []result{fail("it does not get ready without a network").with(o.Problem).with(some(o.Log)...).
			keyed("start")}
	}
	if !o.Online {
		return []result{fail("it makes no portrait, without a network or with one").with(o.Problem).
			with(some(o.Log)...).
			keyed("photo").
			remedied("see why in its log; facecraft up --image IMAGE and facecraft process PHOTO show it too")}
	}
	return []result{fail("it starts without a network, and makes no portrait").with(o.Problem).
		with(some(o.Log)...).keyed("photo")}
}

const (
	maxFirst   = 10 * time.Second
	lazyFactor = 3
	// minLazy is the time of the first photo below which the factor is
	// meaningless.
	minLazy = time.Second
)

// emulated explains why checks that measure times have no answer.
const emulated = "the image is for a different processor and runs emulated here, so its times mean nothing"

func lazy(s *subject) []result {
	p := s.seen.Photos
	switch {
	case p == nil || p.Problem != "":
		return notObserved(s.seen)
	case s.seen.Emulated:
		return []result{unknown(emulated)}
	}
	evidence := fmt.Sprintf("first photo %s, third %s, with %s", p.First.Round(10*time.Millisecond),
		p.Third.Round(10*time.Millisecond), format.Count(p.CPUs, "CPU", "CPUs"))
	switch {
	case p.First > minLazy && p.First > lazyFactor*p.Third:
		times := float64(p.First) / float64(p.Third)
		return []result{fail("the first photo takes %.1f times as long as the third: "+
			"models are loaded at the first photo",
			times).
			with(evidence).keyed("lazy")}
	case p.First > maxFirst:
		return []result{fail("the first photo takes %s", p.First.Round(time.Second)).with(evidence).keyed("slow").
			remedied("see whether the machine is too slow: the third photo takes as long")}
	}
	return []result{pass("the first photo takes %s", p.First.Round(10*time.Millisecond)).with(evidence)}
}

func concurrent(s *subject) []result {
	if len(s.seen.Bursts) == 0 {
		return notObserved(s.seen)
	}
	for _, b := range s.seen.Bursts {
		switch {
		case b.Died:
			return []result{fail("the server dies of %d photos at once", b.N).with(some(b.Failed)...).keyed("died")}
		case b.Alone != "":
			return []result{unknown("the same photos fail one after the other").with(b.Alone)}
		case len(b.Failed) > 0:
			return []result{fail("%d of %d photos at once fail", len(b.Failed), b.N).with(some(b.Failed)...).
				keyed("failed")}
		case b.Different > 0:
			return []result{fail("%d of %d photos at once give a different portrait than alone", b.Different, b.N).
				keyed("different")}
		}
	}
	return []result{pass("2 and 4 photos at once give the same portraits as alone")}
}

func diskGrowth(s *subject) []result {
	c := s.seen.Cleanup
	switch {
	case c == nil:
		return notObserved(s.seen)
	case !c.Deleted:
		return []result{fail("files older than FACECRAFT_CLEANUP_AGE_HOURS are not deleted at start").keyed("never")}
	case c.Periodically && !c.EmptyDirs:
		return []result{pass("old files are deleted while the server runs")}
	case c.Periodically:
		return []result{fail("old files are deleted, and empty job directories stay").graded(finding.Note).
			keyed("dirs")}
	}
	return []result{unknown("old files are deleted at the start; no cleanup was seen in the %s after it: longer "+
		"intervals are not watched",
		format.Duration(c.Waited))}
}

// cors checks the answer to another website or, if the image did not run, the
// image's own settings.
func cors(s *subject) []result {
	c := s.seen.CORS
	origins, set := s.Config.Variable("FACECRAFT_CORS_ORIGINS")
	switch {
	case !s.seen.Ran && set && slices.Contains(strings.Split(origins, ","), "*"):
		return []result{fail("every website may use the API").with("ENV FACECRAFT_CORS_ORIGINS=" + short(origins)).
			keyed("origin").known(inventory.ConfigDepth)}
	case !s.seen.Ran:
		return []result{unseen(s.seen)}
	case c == nil:
		return notObserved(s.seen)
	case c.Echoed && c.Credentials:
		return []result{fail("another origin is allowed, with credentials").with(c.Answer).keyed("credentials")}
	case c.Echoed:
		return []result{fail("another origin is allowed").graded(finding.Note).with(c.Answer).keyed("origin")}
	}
	return []result{pass("another origin is refused")}
}

func apiKey(s *subject) []result {
	k := s.seen.Key
	refused := func(status int) bool { return status == http.StatusUnauthorized || status == http.StatusForbidden }
	const evidence = "started with FACECRAFT_API_KEY set"
	switch {
	case k == nil:
		return notObserved(s.seen)
	case !refused(k.Status):
		return []result{fail("a request without the key is answered with %d", k.Status).with(evidence).keyed("open")}
	case k.Wrong != 0 && !refused(k.Wrong):
		return []result{fail("a request with a wrong key is answered with %d", k.Wrong).with(evidence).keyed("wrong")}
	}
	return []result{pass("a request without the key is refused")}
}
