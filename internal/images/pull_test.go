package images_test

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/images"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/progress"
	"github.com/djok/facecraft/internal/registry"
)

const platform = "linux/" + runtime.GOARCH

// quickRetry is for tests; the daemon announces its own retries every second,
// so a shorter stall would give false alarms.
var quickRetry = images.Retry{
	Attempts: 3, Backoff: 10 * time.Millisecond, Stall: 30 * time.Second, Keep: 20 * time.Millisecond,
}

// puller pulls from its own registry into the machine's daemon, and records
// what is reported.
type puller struct {
	*images.Store
	retry    images.Retry
	direct   images.Direct
	docker   client.APIClient
	registry *dockertest.FaultyRegistry

	mu     sync.Mutex
	events []progress.Event
}

func newPuller(t testing.TB, docker client.APIClient) *puller {
	t.Helper()
	p := &puller{docker: docker, registry: dockertest.NewFaultyRegistry(t), retry: quickRetry}
	p.Store = &images.Store{Docker: docker, Registry: registry.Client{Keychain: authn.NewMultiKeychain()}}
	dockertest.RemoveImages(t, docker, p.registry.Host+"/")
	return p
}

func (p *puller) report(e progress.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.events = append(p.events, e)
}

// with returns the options for pulling what an estimate describes.
func (p *puller) with(estimate registry.Estimate) images.PullOptions {
	return images.PullOptions{Estimate: estimate, Report: p.report, Retry: p.retry, Direct: p.direct}
}

func (p *puller) push(t testing.TB, repository string, img v1.Image) string {
	t.Helper()
	reference := p.registry.Host + "/" + repository
	dockertest.Push(t, reference, img)
	digest, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	dockertest.RemoveImages(t, p.docker, images.PartialOf(digest.String()))
	return reference
}

func (p *puller) tryPull(t testing.TB, reference string, estimate registry.Estimate) error {
	t.Helper()
	return p.Pull(t.Context(), plan.Image{Reference: reference, Platform: platform}, p.with(estimate))
}

func (p *puller) estimate(t testing.TB, reference string) registry.Estimate {
	t.Helper()
	local, err := p.LocalLayers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	estimate, err := p.Registry.Estimate(t.Context(), registry.Question{
		Reference: reference, Platform: platform, Local: local,
		Available: func(ctx context.Context, blobs []registry.Layer) map[string]bool {
			return p.Available(ctx, blobs, platform)
		},
		Recognised: func(ctx context.Context, layers []registry.Layer) (int, bool) {
			return p.Recognised(ctx, layers, platform)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return estimate
}

func (p *puller) pull(t testing.TB, reference string) error {
	t.Helper()
	return p.Pull(t.Context(), plan.Image{Reference: reference, Platform: platform}, p.with(p.estimate(t, reference)))
}

func (p *puller) mustPull(t testing.TB, reference string) {
	t.Helper()
	if err := p.pull(t, reference); err != nil {
		t.Fatal(err)
	}
}

// load loads an image into the daemon, bypassing the registry.
func (p *puller) load(t testing.TB, repository string, img v1.Image) {
	t.Helper()
	tag, err := name.NewTag(p.registry.Host + "/" + repository)
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	if err := tarball.Write(tag, img, &archive); err != nil {
		t.Fatal(err)
	}
	if err := p.LoadArchive(t.Context(), &archive); err != nil {
		t.Fatal(err)
	}
}

func (p *puller) remove(t testing.TB, reference string) {
	t.Helper()
	if _, err := p.docker.ImageRemove(t.Context(), reference, image.RemoveOptions{Force: true}); err != nil {
		t.Fatal(err)
	}
}

func (p *puller) count(stage progress.Stage) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, e := range p.events {
		if e.Stage == stage {
			n++
		}
	}
	return n
}

// TestTheEstimateIsWhatTheRegistryServes: the estimate equals the bytes of
// blobs that the daemon then downloads, for every way of sharing layers that
// the daemon supports.
func TestTheEstimateIsWhatTheRegistryServes(t *testing.T) {
	t.Parallel()
	docker := dockertest.Engine(t)
	dockertest.DockerOnly(t, docker, "which layers it recognises")
	layer := func(t *testing.T) v1.Layer { return dockertest.Layer(t, 100_000) }
	for what, prepare := range map[string]func(t *testing.T, p *puller) v1.Image{
		"nothing is local": func(t *testing.T, _ *puller) v1.Image {
			return dockertest.ImageOf(t, layer(t), layer(t))
		},
		"the base is local": func(t *testing.T, p *puller) v1.Image {
			base := layer(t)
			p.mustPull(t, p.push(t, "base:1", dockertest.ImageOf(t, base)))
			return dockertest.ImageOf(t, base, layer(t), layer(t))
		},
		"a longer image is local": func(t *testing.T, p *puller) v1.Image {
			a, b := layer(t), layer(t)
			p.mustPull(t, p.push(t, "longer:1", dockertest.ImageOf(t, a, b, layer(t))))
			return dockertest.ImageOf(t, a, b)
		},
		"a prefix of another image is local": func(t *testing.T, p *puller) v1.Image {
			a, b := layer(t), layer(t)
			p.mustPull(t, p.push(t, "other:1", dockertest.ImageOf(t, a, b, layer(t), layer(t))))
			return dockertest.ImageOf(t, a, b, layer(t))
		},
		"a layer is local on another base": func(t *testing.T, p *puller) v1.Image {
			shared := layer(t)
			p.mustPull(t, p.push(t, "other:1", dockertest.ImageOf(t, layer(t), shared)))
			return dockertest.ImageOf(t, layer(t), shared)
		},
		"the base was removed": func(t *testing.T, p *puller) v1.Image {
			base := layer(t)
			reference := p.push(t, "base:1", dockertest.ImageOf(t, base))
			p.mustPull(t, reference)
			p.remove(t, reference)
			return dockertest.ImageOf(t, base, layer(t))
		},
		"the base was loaded": func(t *testing.T, p *puller) v1.Image {
			base := layer(t)
			p.load(t, "base:1", dockertest.ImageOf(t, base))
			return dockertest.ImageOf(t, base, layer(t))
		},
		"the very image was loaded": func(t *testing.T, p *puller) v1.Image {
			img := dockertest.ImageOf(t, layer(t), layer(t))
			p.load(t, "loaded:1", img)
			return img
		},
		"a loaded base was only named by a pull": func(t *testing.T, p *puller) v1.Image {
			base := layer(t)
			loaded := dockertest.ImageOf(t, base)
			p.load(t, "loaded:1", loaded)
			p.mustPull(t, p.push(t, "loaded:1", loaded))
			return dockertest.ImageOf(t, base, layer(t))
		},
		"the base was pulled and only an image on it is left": func(t *testing.T, p *puller) v1.Image {
			base := layer(t)
			reference := p.push(t, "base:1", dockertest.ImageOf(t, base))
			p.mustPull(t, reference)
			p.load(t, "built:1", dockertest.ImageOf(t, base, layer(t)))
			p.remove(t, reference)
			return dockertest.ImageOf(t, base, layer(t))
		},
		"the layers are local in another order": func(t *testing.T, p *puller) v1.Image {
			a, b, c := layer(t), layer(t), layer(t)
			p.mustPull(t, p.push(t, "other:1", dockertest.ImageOf(t, a, b, c)))
			return dockertest.ImageOf(t, c, a, b)
		},
		"the layers are local in another order from the second on": func(t *testing.T, p *puller) v1.Image {
			a, b, c := layer(t), layer(t), layer(t)
			p.mustPull(t, p.push(t, "other:1", dockertest.ImageOf(t, a, b, c)))
			return dockertest.ImageOf(t, a, c, b, c)
		},
		"a docker pull was interrupted": func(t *testing.T, p *puller) v1.Image {
			img := dockertest.ImageOf(t, layer(t), layer(t), layer(t))
			p.interrupt(t, p.push(t, "interrupted:1", img), img)
			return img
		},
		"a layer occurs twice": func(t *testing.T, _ *puller) v1.Image {
			a := layer(t)
			return dockertest.ImageOf(t, a, layer(t), a)
		},
		"a layer occurs twice and is local once": func(t *testing.T, p *puller) v1.Image {
			a := layer(t)
			p.mustPull(t, p.push(t, "base:1", dockertest.ImageOf(t, a)))
			return dockertest.ImageOf(t, a, layer(t), a)
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			p := newPuller(t, docker)
			reference := p.push(t, "image:1", prepare(t, p))
			estimate := p.estimate(t, reference)
			p.registry.Reset()
			if err := p.tryPull(t, reference, estimate); err != nil {
				t.Fatal(err)
			}
			if served := p.registry.Served(); served != estimate.Download {
				t.Errorf("the estimate says %d bytes and the registry served %d", estimate.Download, served)
			}
			local, err := p.Inspect(t.Context(), reference)
			if err != nil || !local.Here || local.Digest != estimate.Digest {
				t.Errorf("the daemon has %+v, %v; the estimate's digest is %s", local, err, estimate.Digest)
			}
		})
	}
}

func TestTheEstimateOfAnIndex(t *testing.T) {
	t.Parallel()
	docker := dockertest.Engine(t)
	dockertest.DockerOnly(t, docker, "the digest of an index")
	p := newPuller(t, docker)
	tag, err := name.NewTag(p.registry.Host + "/index:1")
	if err != nil {
		t.Fatal(err)
	}
	own := dockertest.ImageOf(t, dockertest.Layer(t, 50_000))
	other := dockertest.ImageFor(t, "riscv64", dockertest.Layer(t, 70_000))
	if err := remote.WriteIndex(tag, dockertest.IndexOf(t, other, own)); err != nil {
		t.Fatal(err)
	}
	estimate := p.estimate(t, tag.String())
	p.registry.Reset()
	if err := p.tryPull(t, tag.String(), estimate); err != nil {
		t.Fatal(err)
	}
	if served := p.registry.Served(); served != estimate.Download {
		t.Errorf("the estimate says %d bytes and the registry served %d", estimate.Download, served)
	}
	if local, err := p.Inspect(t.Context(), tag.String()); err != nil || local.Digest != estimate.Digest {
		t.Errorf("the daemon has %+v, %v; the estimate's digest is %s", local, err, estimate.Digest)
	}
}

// TestFaults pulls from a registry that misbehaves. Temporary faults are
// tolerated; permanent ones fail at once, with a specific remedy.
func TestFaults(t *testing.T) {
	t.Parallel()
	docker := dockertest.Engine(t)
	dockertest.DockerOnly(t, docker, "how often it tries again")
	const always = -1
	answer := dockertest.Answer
	content := dockertest.KeepsContent(t, docker)
	patient := dockertest.APIFrom(t, docker, "1.44") // asks a registry again that drops the connection
	for what, tt := range map[string]struct {
		match   string // BLOB means the image's largest layer
		times   int
		fault   dockertest.Fault
		hint    string // of the failure; empty if the pull succeeds
		retries int    // at least
		stalls  bool   // forever; the test uses a short limit
	}{
		"the manifest breaks off": {"GET /v2/image/manifests", 1, dockertest.CutAfter(10), "", 1, false},
		"500 for a while": {"/manifests/", 3, answer(500, "UNKNOWN", "oops"),
			"", 1, false}, // two requests an attempt
		"500 forever": {"/manifests/", always, answer(500, "UNKNOWN", "oops"),
			"try again later", 2, false},
		"429": {"/manifests/", always, answer(429, "TOOMANYREQUESTS",
			"You have reached your unauthenticated pull rate limit."),
			"log in with docker login, or try again in a few hours", 0, false},
		"a layer breaks off":      {"BLOB", 1, dockertest.CutAfter(150_000), "", 0, false}, // the daemon resumes it
		"a layer stalls":          {"BLOB", 1, dockertest.StallAfter(150_000), "", 1, true},
		"a layer is slow":         {"BLOB", always, dockertest.Slow(20_000, 100*time.Millisecond), "", 0, false},
		"a layer arrives damaged": {"BLOB", 1, dockertest.Corrupt, "", 1, false},
		"a layer is damaged": {"BLOB", always, dockertest.Corrupt,
			"try again; check the registry mirror or proxy", 2, false},
		"a layer is missing": {"BLOB", always, answer(404, "BLOB_UNKNOWN", "blob unknown to registry"),
			"report this to its publisher", 0, false},
		"the tag is unknown": {"/manifests/", always, answer(404, "MANIFEST_UNKNOWN", "manifest unknown"),
			"check the tag", 0, false},
		"the name is unknown": {"/manifests/", always, answer(404, "NAME_UNKNOWN", "repository name not known to registry"),
			"check the name", 0, false},
		"access is denied": {"/manifests/", always, answer(403, "DENIED", "requested access to the resource is denied"),
			"check the name, or docker login", 0, false},
		"the manifest does not come":  {"HEAD /v2/image/manifests", 1, dockertest.StallAfter(0), "", 1, true},
		"the registry resets at once": {"/manifests/", 2, dockertest.CutAfter(0), "", 2, false},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			p := newPuller(t, docker)
			if tt.stalls {
				p.retry.Stall = 5 * time.Second
			}
			if content {
				p.retry.Backoff = time.Second // it drops a damaged layer only after a moment
			}
			large := dockertest.Layer(t, 400_000)
			img := dockertest.ImageOf(t, dockertest.Layer(t, 50_000), large, dockertest.Layer(t, 50_000))
			reference := p.push(t, "image:1", img)
			estimate := p.estimate(t, reference)
			digest, err := large.Digest()
			if err != nil {
				t.Fatal(err)
			}
			p.registry.Reset()
			p.registry.Fail(strings.Replace(tt.match, "BLOB", digest.String(), 1), tt.times, tt.fault)
			err = p.Pull(t.Context(), plan.Image{Reference: reference, Platform: platform}, p.with(estimate))
			most := 2 * tt.retries
			if content && (tt.hint == "check the tag" || tt.hint == "check the name") {
				tt.hint = "check the name and the tag" // it does not tell which
			}
			if patient && (what == "the manifest breaks off" || what == "the registry resets at once") {
				tt.retries = 0
			}
			if (err == nil) != (tt.hint == "") || fault.HintOf(err) != tt.hint {
				t.Errorf("%v (%s), want the remedy %q", err, fault.HintOf(err), tt.hint)
			}
			// An attempt that got further than earlier ones allows one more.
			if got := p.count(progress.Retrying); got < tt.retries || got > most {
				t.Errorf("%d retries, want %d: %+v", got, tt.retries, p.events)
			}
			p.checkProgress(t, estimate)
		})
	}
}

// checkProgress checks what people expect of progress: it grows, the total is
// fixed from the start, and it never exceeds the total.
func (p *puller) checkProgress(t *testing.T, estimate registry.Estimate) {
	t.Helper()
	var total int64
	for _, layer := range estimate.Missing() {
		total += layer.Size
	}
	last := map[progress.Stage]int64{}
	for _, e := range p.events {
		if e.Stage != progress.Pulling && e.Stage != progress.Unpacking {
			continue
		}
		if e.Done < last[e.Stage] || e.Done > e.Total || e.Total != total {
			t.Errorf("%s: %d of %d after %d, of %d to come", e.Stage, e.Done, e.Total, last[e.Stage], total)
		}
		last[e.Stage] = e.Done
	}
}

func TestWrongPlatform(t *testing.T) {
	t.Parallel()
	p := newPuller(t, dockertest.Engine(t))
	tag, err := name.NewTag(p.registry.Host + "/index:1")
	if err != nil {
		t.Fatal(err)
	}
	other := dockertest.ImageFor(t, "riscv64", dockertest.Layer(t, 10))
	if err := remote.WriteIndex(tag, dockertest.IndexOf(t, other)); err != nil {
		t.Fatal(err)
	}
	err = p.Pull(t.Context(), plan.Image{Reference: tag.String(), Platform: platform}, p.with(registry.Estimate{}))
	if fault.HintOf(err) != "use a different variant" || p.count(progress.Retrying) != 0 {
		t.Errorf("%v (%s), %d retries", err, fault.HintOf(err), p.count(progress.Retrying))
	}
}

// TestWrongDigest: an image requested by digest has that digest, or the pull
// fails.
func TestWrongDigest(t *testing.T) {
	t.Parallel()
	p := newPuller(t, dockertest.Engine(t))
	digest := p.estimate(t, p.push(t, "image:1", dockertest.ImageOf(t, dockertest.Layer(t, 10)))).Digest
	p.push(t, "other:1", dockertest.ImageOf(t, dockertest.Layer(t, 10)))
	p.registry.Fail("/v2/image/manifests", -1, dockertest.Instead("/v2/other/manifests/1"))
	err := p.tryPull(t, p.registry.Host+"/image@"+digest, registry.Estimate{})
	if fault.HintOf(err) != "check the registry mirror or proxy" || p.count(progress.Retrying) != 0 {
		t.Errorf("%v (%s), %d retries", err, fault.HintOf(err), p.count(progress.Retrying))
	}
}

func TestPullWithALogin(t *testing.T) {
	t.Parallel()
	docker := dockertest.Engine(t)
	for what, protect := range map[string]func(*dockertest.FaultyRegistry){
		"basic": dockertest.RequireBasic, "token": dockertest.RequireToken,
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			p := newPuller(t, docker)
			reference := p.push(t, "image:1", dockertest.ImageOf(t, dockertest.Layer(t, 10_000)))
			protect(p.registry)
			err := p.tryPull(t, reference, registry.Estimate{})
			if !strings.Contains(fault.HintOf(err), "docker login") {
				t.Errorf("without a login: %v (%s)", err, fault.HintOf(err))
			}
			p.Registry.Keychain = login{}
			p.mustPull(t, reference)
		})
	}
}

type login struct{}

func (login) Resolve(authn.Resource) (authn.Authenticator, error) {
	return &authn.Basic{Username: dockertest.User, Password: dockertest.Password}, nil
}

// TestInterruption: the daemon stops too, and complete layers are not
// downloaded again.
func TestInterruption(t *testing.T) {
	t.Parallel()
	docker := dockertest.Engine(t)
	dockertest.DockerOnly(t, docker, "it drops the layers of a pull that fails")
	p := newPuller(t, docker)
	first, last := dockertest.Layer(t, 300_000), dockertest.Layer(t, 200_000)
	reference := p.push(t, "image:1", dockertest.ImageOf(t, first, dockertest.Layer(t, 100_000), last))
	digest, err := last.Digest()
	if err != nil {
		t.Fatal(err)
	}
	p.registry.Fail(digest.String(), -1, dockertest.Slow(1000, 50*time.Millisecond))
	estimate := p.estimate(t, reference)

	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	ended := make(chan error, 1)
	go func() { ended <- p.Pull(ctx, plan.Image{Reference: reference, Platform: platform}, p.with(estimate)) }()
	eventually(t, "the complete layers are kept", func() bool { return p.estimate(t, reference).Here >= 400_000 })
	interrupt()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the pull ended with %v", err)
	}
	if p.count(progress.Kept) != 1 {
		t.Error("it was not reported that layers were kept")
	}
	eventually(t, "the daemon lets go of the registry", func() bool { return p.registry.Open() == 0 })

	again := p.estimate(t, reference)
	p.registry.Reset()
	if err := p.Pull(t.Context(), plan.Image{Reference: reference, Platform: platform}, p.with(again)); err != nil {
		t.Fatal(err)
	}
	// A containerd store also resumes the layer in progress, and does not say at
	// which byte.
	resumed := again.Download - p.registry.Served()
	if resumed != 0 && !dockertest.KeepsContent(t, docker) || resumed < 0 {
		t.Errorf("the estimate was %d bytes too high", resumed)
	}
	if served := p.registry.Served(); served > 210_000 {
		t.Errorf("the second pull downloaded %d bytes, estimated %d", served, again.Download)
	}
	if kept, err := p.Inspect(t.Context(), images.PartialOf(again.Digest)); err != nil || kept.Here {
		t.Errorf("the kept layers were not removed: %+v, %v", kept, err)
	}
}

// interrupt has the daemon pull, and stops it before the last layer.
func (p *puller) interrupt(t *testing.T, reference string, img v1.Image) {
	t.Helper()
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	var sum int64
	for _, layer := range layers[:len(layers)-1] {
		sum += blob(t, layer).Size
	}
	// A containerd store downloads only the rest of a layer in progress, and the
	// classic one closes its connection only when something arrives.
	begun := dockertest.Fault(dockertest.StallAfterHeaders)
	if !dockertest.KeepsContent(t, p.docker) {
		begun = dockertest.Slow(100, 50*time.Millisecond)
	}
	p.registry.Reset()
	p.registry.Fail("GET /v2/interrupted/blobs/"+blob(t, layers[len(layers)-1]).Digest, -1, begun)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	body, err := p.docker.ImagePull(ctx, reference, image.PullOptions{Platform: platform})
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	go io.Copy(io.Discard, body)
	eventually(t, "the other layers arrive", func() bool { return p.registry.Served() >= sum })
	if dockertest.KeepsContent(t, p.docker) {
		time.Sleep(500 * time.Millisecond) // until it has them
	} else {
		eventually(t, "the daemon unpacks the layers", func() bool { return p.hasBase(t, layers[:len(layers)-1]...) })
	}
	cancel()
	eventually(t, "the daemon lets go of the registry", func() bool { return p.registry.Open() == 0 })
	if !dockertest.KeepsContent(t, p.docker) {
		eventually(t, "the daemon drops the layers", func() bool { return !p.hasBase(t, layers[0]) })
	}
	p.registry.Reset()
}

// hasBase tells whether a daemon with the classic store has these layers on each
// other: only then does it load an image whose archive lacks them.
func (p *puller) hasBase(t *testing.T, layers ...v1.Layer) bool {
	t.Helper()
	var diffIDs, files []string
	for _, layer := range layers {
		diffID, err := layer.DiffID()
		if err != nil {
			t.Fatal(err)
		}
		diffIDs, files = append(diffIDs, diffID.String()), append(files, "missing")
	}
	name := p.registry.Host + "/asked:1"
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for name, content := range map[string]any{
		"config.json": map[string]any{
			"os": "linux", "architecture": runtime.GOARCH, "config": map[string]any{},
			"rootfs": map[string]any{"type": "layers", "diff_ids": diffIDs},
		},
		"manifest.json": []any{map[string]any{"Config": "config.json", "RepoTags": []string{name}, "Layers": files}},
	} {
		data, err := json.Marshal(content)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(data))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if p.LoadArchive(t.Context(), &archive) != nil {
		return false
	}
	p.remove(t, name)
	return true
}

// TestLeftByAnInterruptedPull: a containerd store keeps the complete layers of a
// docker pull that was interrupted, and they are named.
func TestLeftByAnInterruptedPull(t *testing.T) {
	t.Parallel()
	docker := dockertest.Engine(t)
	dockertest.ContentStoreOnly(t, docker)
	p := newPuller(t, docker)
	img := dockertest.ImageOf(t, dockertest.Layer(t, 100_000), dockertest.Layer(t, 100_000), dockertest.Layer(t, 1000))
	reference := p.push(t, "interrupted:1", img)
	p.interrupt(t, reference, img)
	if left := p.estimate(t, reference); left.Left < 200_000 || left.Left != left.Here || len(left.Missing()) != 1 {
		t.Errorf("left are %d of %d bytes that are local: %+v", left.Left, left.Here, left.Layers)
	}
	p.mustPull(t, reference)
	if pulled := p.estimate(t, reference); pulled.Left != 0 || pulled.Here < 200_000 {
		t.Errorf("of the complete image, %d of %d bytes count as left", pulled.Left, pulled.Here)
	}
}

// TestRetryKeepsLayers: a second attempt downloads only what was not complete.
func TestRetryKeepsLayers(t *testing.T) {
	t.Parallel()
	p := newPuller(t, dockertest.Engine(t))
	layers := []v1.Layer{dockertest.Layer(t, 300_000), dockertest.Layer(t, 100_000), dockertest.Layer(t, 200_000)}
	reference := p.push(t, "image:1", dockertest.ImageOf(t, layers...))
	requests := func(i int) int {
		digest, err := layers[i].Digest()
		if err != nil {
			t.Fatal(err)
		}
		return p.registry.Count("GET /v2/image/blobs/" + digest.String())
	}
	last, err := layers[2].Digest()
	if err != nil {
		t.Fatal(err)
	}
	p.retry.Stall = 5 * time.Second
	p.registry.Fail(last.String(), 2, dockertest.StallAfter(100))
	p.mustPull(t, reference)
	if first, second, third := requests(0), requests(1), requests(2); first != 1 || second != 1 || third != 3 {
		t.Errorf("the layers were asked for %d, %d and %d times", first, second, third)
	}
	if got := p.count(progress.Retrying); got != 2 {
		t.Errorf("%d retries", got)
	}
}

// TestFailedPullKeepsLayers: a pull that breaks after three of four layers leaves
// only the fourth to the next one, whether it is worth retrying or not.
func TestFailedPullKeepsLayers(t *testing.T) {
	t.Parallel()
	docker := dockertest.Engine(t)
	for what, fault := range map[string]dockertest.Fault{
		"the layer is damaged": dockertest.Corrupt,
		"the layer is missing": dockertest.Answer(http.StatusNotFound, "BLOB_UNKNOWN", "blob unknown to registry"),
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			failedPullKeepsLayers(t, docker, fault)
		})
	}
}

func failedPullKeepsLayers(t *testing.T, docker client.APIClient, fault dockertest.Fault) {
	p := newPuller(t, docker)
	var layers []v1.Layer
	for _, size := range []int64{100_000, 100_000, 100_000, 50_000} {
		layers = append(layers, dockertest.Layer(t, size))
	}
	reference := p.push(t, "image:1", dockertest.ImageOf(t, layers...))
	fourth := blob(t, layers[3])
	always := dockertest.KeepsContent(t, docker) || dockertest.IsPodman(t, docker) // kept as they arrive
	partial := images.PartialOf(p.estimate(t, reference).Digest)
	// Late, so that the others are complete and kept when it breaks.
	p.registry.Fail(fourth.Digest, -1, func(w http.ResponseWriter, r *http.Request, registry http.Handler) {
		time.Sleep(2 * time.Second)
		done := always
		for end := time.Now().Add(15 * time.Second); !done && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			kept, err := docker.ImageInspect(r.Context(), partial)
			done = err == nil && len(kept.RootFS.Layers) == 3
		}
		fault(w, r, registry)
	})
	p.retry.Attempts, p.retry.Backoff = 1, time.Second
	if err := p.pull(t, reference); err == nil {
		t.Fatal("the pull did not break")
	}
	p.registry.Reset()
	// Podman keeps them unnamed, and does not report them.
	missing := p.estimate(t, reference).Missing()
	if !dockertest.IsPodman(t, docker) && (len(missing) != 1 || missing[0].Digest != fourth.Digest) {
		t.Errorf("missing are %+v", missing)
	}
	p.registry.Reset()
	p.retry.Attempts = 3
	p.mustPull(t, reference)
	for _, layer := range layers[:3] {
		if n := p.registry.Count("GET /v2/image/blobs/" + blob(t, layer).Digest); n != 0 {
			t.Errorf("a layer that was complete was asked for %d times", n)
		}
	}
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}

// BenchmarkPull compares this program's pull with `docker pull`, for the same
// image in the same run, and reports the ratio of the times.
func BenchmarkPull(b *testing.B) {
	docker := dockertest.Engine(b)
	p := newPuller(b, docker)
	p.retry = images.DefaultRetry
	var layers []v1.Layer
	for range 8 {
		layers = append(layers, dockertest.Layer(b, 20_000_000))
	}
	reference := p.push(b, "image:1", dockertest.ImageOf(b, layers...))
	var ours, theirs time.Duration
	pulls := []struct {
		sum  *time.Duration
		pull func()
	}{
		{&ours, func() { p.mustPull(b, reference) }},
		{&theirs, func() { dockerPull(b, docker, reference) }},
	}
	for b.Loop() {
		for _, each := range pulls {
			begin := time.Now()
			each.pull()
			*each.sum += time.Since(begin)
			p.remove(b, reference)
		}
		slices.Reverse(pulls) // so that neither always has the colder disk cache
	}
	b.ReportMetric(ours.Seconds()/theirs.Seconds(), "times-docker-pull")
	b.ReportMetric(float64(theirs.Milliseconds())/float64(b.N), "docker-pull-ms/op")
}

// dockerPull is `docker pull` without starting the command.
func dockerPull(b *testing.B, docker client.APIClient, reference string) {
	body, err := docker.ImagePull(b.Context(), reference, image.PullOptions{Platform: platform})
	if err != nil {
		b.Fatal(err)
	}
	defer body.Close()
	if _, err := io.Copy(io.Discard, body); err != nil {
		b.Fatal(err)
	}
}

// TestAskRegistryAgain: a registry that drops a connection is asked again; one that
// drops all of them is reported.
func TestAskRegistryAgain(t *testing.T) {
	t.Parallel()
	docker := dockertest.Engine(t)
	dockertest.DockerOnly(t, docker, "it asks a registry for others")
	p := newPuller(t, docker)
	reference := p.push(t, "asked:cpu", dockertest.ImageOf(t, dockertest.Layer(t, 100)))
	p.registry.Fail("", 1, dockertest.CutAfter(0))
	if err := p.AskRegistry(t.Context(), reference, p.report, p.retry); err != nil {
		t.Errorf("after one failure: %v", err)
	}
	if len(p.events) != 1 || p.events[0].Stage != progress.Retrying {
		t.Errorf("reported %+v", p.events)
	}
	p.registry.Reset()
	p.retry.Stall = time.Second
	p.registry.Fail("", 1, dockertest.StallAfter(0))
	if err := p.AskRegistry(t.Context(), reference, p.report, p.retry); err != nil || p.count(progress.Retrying) != 2 {
		t.Errorf("after one stall: %v, %+v", err, p.events)
	}
	p.registry.Fail("", -1, dockertest.CutAfter(0))
	err := p.AskRegistry(t.Context(), reference, p.report, p.retry)
	if err == nil || !strings.Contains(err.Error(), "the connection keeps breaking") || fault.HintOf(err) == "" {
		t.Errorf("got %v, fix %q", err, fault.HintOf(err))
	}
}
