package images_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/fetch"
	"github.com/djok/facecraft/internal/images"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/progress"
	"github.com/djok/facecraft/internal/registry"
)

// newDirectPuller returns a puller that downloads by itself.
func newDirectPuller(t testing.TB) *puller {
	t.Helper()
	docker := dockertest.Engine(t)
	dockertest.DockerOnly(t, docker, "pulls from this program")
	p := newPuller(t, docker)
	p.direct = images.Direct{Dir: t.TempDir(), Connections: fetch.Connections}
	return p
}

// reason returns why the daemon had to download, or "".
func (p *puller) reason() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.events {
		if e.Stage == progress.ByDaemon {
			return e.Subject
		}
	}
	return ""
}

// pullWithDocker does what `docker pull` does.
func (p *puller) pullWithDocker(t testing.TB, reference string) (said string) {
	t.Helper()
	body, err := p.docker.ImagePull(t.Context(), reference, image.PullOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	text, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestDirect: the image is the same as after any pull, with only its own name.
func TestDirect(t *testing.T) {
	t.Parallel()
	p := newDirectPuller(t)
	img := dockertest.ImageOf(t, dockertest.Layer(t, 3_000_000), dockertest.Layer(t, 100), dockertest.Layer(t, 500_000))
	reference := p.push(t, "image:1", img)
	estimate := p.estimate(t, reference)
	p.registry.Reset()
	if err := p.Pull(t.Context(), plan.Image{Reference: reference, Platform: platform}, p.with(estimate)); err != nil {
		t.Fatal(err)
	}
	if why := p.reason() + p.CanPullFromHere(t.Context()); why != "" {
		t.Fatalf("the daemon downloaded: %s", why)
	}
	if served := p.registry.Served(); served != estimate.Download {
		t.Errorf("the estimate says %d bytes and the registry served %d", estimate.Download, served)
	}
	p.checkImage(t, reference, estimate, img)
	p.checkProgressDirect(t, estimate)
}

// checkImage compares an image in the daemon with what was pushed.
func (p *puller) checkImage(t *testing.T, reference string, estimate registry.Estimate, img v1.Image) {
	t.Helper()
	inspect, err := p.docker.ImageInspect(t.Context(), reference)
	if err != nil {
		t.Fatal(err)
	}
	id, err := img.ConfigName()
	want := id.String()
	if dockertest.KeepsContent(t, p.docker) {
		want = estimate.Digest
	}
	if err != nil || inspect.ID != want {
		t.Errorf("its ID is %s, the registry's %s, %v", inspect.ID, want, err)
	}
	repository, tag, _ := strings.Cut(strings.TrimPrefix(reference, p.registry.Host), ":")
	tags, digests := []string{p.registry.Host + repository + ":" + tag},
		[]string{p.registry.Host + repository + "@" + estimate.Digest}
	if !slices.Equal(inspect.RepoTags, tags) || !slices.Equal(inspect.RepoDigests, digests) {
		t.Errorf("its names are %v %v, want %v %v", inspect.RepoTags, inspect.RepoDigests, tags, digests)
	}
	before := p.registry.Served()
	if said := p.pullWithDocker(t, reference); !strings.Contains(said, "Image is up to date") ||
		p.registry.Served() != before {
		t.Errorf("docker pull fetched %d bytes and said %s", p.registry.Served()-before, said)
	}
	list, err := p.docker.ImageList(t.Context(),
		image.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("dangling", "true"))})
	if err != nil || slices.ContainsFunc(list, func(s image.Summary) bool { return s.ID == inspect.ID }) {
		t.Errorf("dangling images: %+v, %v", list, err)
	}
	if kept, err := fetch.Kept(p.direct.Dir); err != nil || kept != 0 {
		t.Errorf("%d bytes are kept, %v", kept, err)
	}
}

// checkProgressDirect checks that the download grows to its total, which
// includes the config.
func (p *puller) checkProgressDirect(t *testing.T, estimate registry.Estimate) {
	t.Helper()
	last := int64(0)
	for _, e := range p.events {
		if e.Stage != progress.Pulling {
			continue
		}
		if e.Done < last || e.Done > e.Total || e.Total != estimate.Download {
			t.Errorf("%d of %d after %d, of %d to come", e.Done, e.Total, last, estimate.Download)
		}
		last = e.Done
	}
}

func TestDirectByDigest(t *testing.T) {
	t.Parallel()
	p := newDirectPuller(t)
	reference := p.push(t, "image:1", dockertest.ImageOf(t, dockertest.Layer(t, 300_000)))
	estimate := p.estimate(t, reference)
	pinned := p.registry.Host + "/image@" + estimate.Digest
	p.mustPull(t, pinned)
	if why := p.reason(); why != "" {
		t.Fatalf("the daemon downloaded: %s", why)
	}
	local, err := p.Inspect(t.Context(), pinned)
	if err != nil || !local.Here || local.Digest != estimate.Digest {
		t.Errorf("the daemon has %+v, %v", local, err)
	}
}

func TestDirectIndex(t *testing.T) {
	t.Parallel()
	p := newDirectPuller(t)
	own := dockertest.ImageOf(t, dockertest.Layer(t, 300_000))
	tag, err := name.NewTag(p.registry.Host + "/index:1")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(tag,
		dockertest.IndexOf(t, dockertest.ImageFor(t, "riscv64", dockertest.Layer(t, 70_000)), own)); err != nil {
		t.Fatal(err)
	}
	p.mustPull(t, tag.String())
	if why := p.reason(); why != "" {
		t.Fatalf("the daemon downloaded: %s", why)
	}
	p.checkImage(t, tag.String(), p.estimate(t, tag.String()), own)
}

// TestDirectAfterAnInterruption: downloaded data is not downloaded again, and
// what is kept and where is reported.
func TestDirectAfterAnInterruption(t *testing.T) {
	t.Parallel()
	p := newDirectPuller(t)
	img := dockertest.ImageOf(t, dockertest.Layer(t, 20_000_000))
	reference := p.push(t, "image:1", img)
	p.registry.Fail("/blobs/", -1, dockertest.Slow(64<<10, 5*time.Millisecond))
	estimate := p.estimate(t, reference)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	options := p.with(estimate)
	var cached int64
	options.Report = func(e progress.Event) {
		if e.Stage == progress.Pulling && e.Done > 15_000_000 {
			cancel()
		}
		if e.Stage == progress.Cached && e.Subject == p.direct.Dir {
			cached = e.Done
		}
	}
	if err := p.Pull(ctx, plan.Image{Reference: reference, Platform: platform}, options); !errors.Is(err,
		context.Canceled) {
		t.Fatalf("it ended with %v", err)
	}
	if cached < 15_000_000 {
		t.Errorf("%d bytes were reported as kept", cached)
	}
	for p.registry.Open() > 0 {
		time.Sleep(time.Millisecond)
	}
	p.registry.Reset()
	if err := p.Pull(t.Context(), plan.Image{Reference: reference, Platform: platform}, p.with(estimate)); err != nil {
		t.Fatal(err)
	}
	if served := p.registry.Served(); served > estimate.Download-cached {
		t.Errorf("%d bytes were kept of %d, and %d fetched", cached, estimate.Download, served)
	}
	p.checkImage(t, reference, estimate, img)
}

// TestTheDaemonDownloads when it has to, and says why.
func TestTheDaemonDownloads(t *testing.T) {
	t.Parallel()
	for what, tt := range map[string]struct {
		change func(*puller)
		reason string
	}{
		"not wanted": {func(p *puller) { p.direct.Connections = 0 }, "--connections 0"},
		"no cache":   {func(p *puller) { p.direct.Dir = "" }, "there is no cache directory"},
		"an unwritable one": {func(p *puller) {
			p.direct.Dir = "/dev/null/cache"
		}, "the cache directory is not writable: mkdir /dev/null: not a directory"},
		"no source": {func(p *puller) {
			p.registry.Fail("/v2/", -1, dockertest.OnlyForDaemons)
		}, "the registry cannot be reached from here"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			p := newDirectPuller(t)
			reference := p.push(t, "image:1", dockertest.ImageOf(t, dockertest.Layer(t, 30_000)))
			tt.change(p)
			p.mustPull(t, reference)
			if p.reason() != tt.reason {
				t.Errorf("the reason is %q, want %q", p.reason(), tt.reason)
			}
		})
	}
}

// TestPodmanPullsItself: it cannot be asked to reach this program.
func TestPodmanPullsItself(t *testing.T) {
	t.Parallel()
	docker := dockertest.Engine(t)
	if !dockertest.IsPodman(t, docker) {
		t.Skip("needs Podman: make test-podman")
	}
	p := newPuller(t, docker)
	p.direct = images.Direct{Dir: t.TempDir(), Connections: fetch.Connections}
	reference := p.push(t, "image:1", dockertest.ImageOf(t, dockertest.Layer(t, 30_000)))
	p.mustPull(t, reference)
	const want = "the engine cannot query registries, as Podman cannot"
	if p.reason() != want || p.CanPullFromHere(t.Context()) != want {
		t.Errorf("the reason is %q, and in advance %q; want %q", p.reason(), p.CanPullFromHere(t.Context()), want)
	}
}

// TestADaemonInAnotherNetwork cannot pull anything from here.
func TestADaemonInAnotherNetwork(t *testing.T) {
	t.Parallel()
	daemon := dockertest.NewMortalDaemon(t)
	p := newPuller(t, daemon.Client(t))
	p.direct = images.Direct{Dir: t.TempDir(), Connections: fetch.Connections}
	if why := p.CanPullFromHere(t.Context()); !strings.Contains(why, "cannot reach") {
		t.Errorf("checked in advance: %q", why)
	}
	reference := p.push(t, "image:1", dockertest.ImageOf(t, dockertest.Layer(t, 30_000)))
	if err := p.pull(t, reference); err == nil {
		t.Error("it reached the registry of another network")
	}
	if !strings.Contains(p.reason(), "Docker cannot reach 127.0.0.1 of this machine: ") {
		t.Errorf("the reason is %q", p.reason())
	}
}

// TestDirectFaults: permanent faults fail soon, with a specific remedy.
func TestDirectFaults(t *testing.T) {
	t.Parallel()
	for what, tt := range map[string]struct {
		times int
		fault dockertest.Fault
		hint  string
	}{
		"a layer is missing": {-1, dockertest.Answer(404, "BLOB_UNKNOWN", "blob unknown to registry"),
			"report this to its publisher"},
		"a layer is always damaged":  {-1, dockertest.Corrupt, "try again; check the registry mirror or proxy"},
		"a layer arrives damaged":    {1, dockertest.Corrupt, ""},
		"a layer breaks off":         {3, dockertest.CutAfter(100_000), ""},
		"the registry is overloaded": {2, dockertest.Answer(503, "UNAVAILABLE", "later"), ""},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			p := newDirectPuller(t)
			large := dockertest.Layer(t, 400_000)
			img := dockertest.ImageOf(t, dockertest.Layer(t, 50_000), large)
			reference := p.push(t, "image:1", img)
			estimate := p.estimate(t, reference)
			digest, err := large.Digest()
			if err != nil {
				t.Fatal(err)
			}
			p.registry.Fail(digest.String(), tt.times, tt.fault)
			err = p.Pull(t.Context(), plan.Image{Reference: reference, Platform: platform}, p.with(estimate))
			if (err == nil) != (tt.hint == "") || fault.HintOf(err) != tt.hint {
				t.Errorf("%v (%s), want the remedy %q", err, fault.HintOf(err), tt.hint)
			}
			if tt.hint == "" {
				p.checkImage(t, reference, estimate, img)
			}
		})
	}
}
