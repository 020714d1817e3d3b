package registry_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/registry"
)

const platform = "linux/" + runtime.GOARCH

// nobody has no logins, so that the tests do not depend on the machine.
var nobody = authn.NewMultiKeychain()

func estimate(t *testing.T, client registry.Client, q registry.Question) registry.Estimate {
	t.Helper()
	if client.Keychain == nil {
		client.Keychain = nobody
	}
	if q.Platform == "" {
		q.Platform = platform
	}
	b, err := client.Estimate(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func diffIDs(t *testing.T, layers ...v1.Layer) []string {
	t.Helper()
	var ids []string
	for _, layer := range layers {
		id, err := layer.DiffID()
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id.String())
	}
	return ids
}

func size(t *testing.T, layers ...v1.Layer) (sum int64) {
	t.Helper()
	for _, layer := range layers {
		n, err := layer.Size()
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	return sum
}

// TestEstimateSubtractsKnownLayers: internal/images checks this rule against a
// real daemon.
func TestEstimateSubtractsKnownLayers(t *testing.T) {
	t.Parallel()
	a, b, c := dockertest.Layer(t, 1000), dockertest.Layer(t, 20_000), dockertest.Layer(t, 300_000)
	other := dockertest.Layer(t, 10)
	img := dockertest.ImageOf(t, a, b, c)
	manifest, err := img.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	config, id := manifest.Config.Size, manifest.Config.Digest.String()
	host := dockertest.NewFaultyRegistry(t).Host
	dockertest.Push(t, host+"/image:1", img)

	for what, tt := range map[string]struct {
		local []registry.LocalLayers
		want  int64
	}{
		"nothing":  {nil, size(t, a, b, c) + config},
		"the base": {[]registry.LocalLayers{{DiffIDs: diffIDs(t, a), Pulled: true}}, size(t, b, c) + config},
		"the longest of several": {[]registry.LocalLayers{{DiffIDs: diffIDs(t, a), Pulled: true},
			{DiffIDs: diffIDs(t, a, b, other), Pulled: true}}, size(t, c) + config},
		"a layer on another base": {[]registry.LocalLayers{{DiffIDs: diffIDs(t, other, b, c), Pulled: true}},
			size(t, a, b, c) + config},
		"a base that was loaded":   {[]registry.LocalLayers{{DiffIDs: diffIDs(t, a, b)}}, size(t, a, b, c) + config},
		"all of it and more":       {[]registry.LocalLayers{{DiffIDs: diffIDs(t, a, b, c, other), Pulled: true}}, config},
		"the very image, loaded":   {[]registry.LocalLayers{{ID: id, DiffIDs: diffIDs(t, a, b, c)}}, 0},
		"an image without a layer": {[]registry.LocalLayers{{Pulled: true}}, size(t, a, b, c) + config},
	} {
		got := estimate(t, registry.Client{}, registry.Question{Reference: host + "/image:1", Local: tt.local})
		if got.Download != tt.want || got.DownloadEstimated {
			t.Errorf("%s: %d bytes (estimated %v), want %d", what, got.Download, got.DownloadEstimated, tt.want)
		}
	}
}

func TestEstimateCountsABlobOnce(t *testing.T) {
	t.Parallel()
	a, b := dockertest.Layer(t, 1000), dockertest.Layer(t, 2000)
	img := dockertest.ImageOf(t, a, b, a)
	manifest, err := img.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	host := dockertest.NewFaultyRegistry(t).Host
	dockertest.Push(t, host+"/image:1", img)
	got := estimate(t, registry.Client{}, registry.Question{Reference: host + "/image:1"})
	if want := size(t, a, b) + manifest.Config.Size; got.Download != want {
		t.Errorf("%d bytes, want %d", got.Download, want)
	}
}

// TestUnpackedSize: a registry does not report it, so it is exact only for the
// measured image.
func TestUnpackedSize(t *testing.T) {
	t.Parallel()
	a, b := dockertest.Layer(t, 1000), dockertest.Layer(t, 100_000)
	host := dockertest.NewFaultyRegistry(t).Host
	dockertest.Push(t, host+"/image:1", dockertest.ImageOf(t, a, b))
	q := registry.Question{Reference: host + "/image:1"}

	unknown := estimate(t, registry.Client{}, q)
	if want := 3 * size(t, a, b); unknown.Unpacked != want || !unknown.UnpackedEstimated {
		t.Errorf("without the catalogue: %d (estimated %v), want an estimate of %d", unknown.Unpacked,
			unknown.UnpackedEstimated, want)
	}
	q.Published = registry.Published{Digest: unknown.Digest, Unpacked: 5_000_000}
	if got := estimate(t, registry.Client{}, q); got.Unpacked != 5_000_000 || got.UnpackedEstimated {
		t.Errorf("the measured image: %d, estimated %v", got.Unpacked, got.UnpackedEstimated)
	}
	q.Published.Digest = "sha256:0000"
	if got := estimate(t, registry.Client{}, q); got.Unpacked != 5_000_000 || !got.UnpackedEstimated {
		t.Errorf("the tag has moved since: %d, estimated %v", got.Unpacked, got.UnpackedEstimated)
	}
	q.Published.Digest = unknown.Digest
	q.Local = []registry.LocalLayers{{DiffIDs: diffIDs(t, a), Pulled: true}}
	if got := estimate(t, registry.Client{}, q); got.Unpacked >= 5_000_000 || got.Unpacked < 4_800_000 ||
		!got.UnpackedEstimated {
		t.Errorf("with a local base: %d, estimated %v", got.Unpacked, got.UnpackedEstimated)
	}
}

// TestCountedRequests: Docker Hub counts GET requests for manifests.
func TestCountedRequests(t *testing.T) {
	t.Parallel()
	f := dockertest.NewFaultyRegistry(t)
	img := dockertest.ImageOf(t, dockertest.Layer(t, 1000))
	dockertest.Push(t, f.Host+"/image:1", img)
	pushIndex(t, f.Host+"/index:1", dockertest.ImageFor(t, "riscv64", dockertest.Layer(t, 10)), img)
	counted := func(want int, what string) {
		t.Helper()
		if got := f.Count("GET /v2/image/manifests") + f.Count("GET /v2/index/manifests"); got != want {
			t.Errorf("%s: %d counted requests, want %d", what, got, want)
		}
		f.Reset()
	}
	f.Reset()
	single := estimate(t, registry.Client{}, registry.Question{Reference: f.Host + "/image:1"})
	counted(1, "the estimate of an image")
	indexed := estimate(t, registry.Client{}, registry.Question{Reference: f.Host + "/index:1"})
	counted(2, "the estimate of an index")
	if indexed.Download != single.Download {
		t.Errorf("through the index it is %d bytes, directly %d", indexed.Download, single.Download)
	}
	if indexed.Digest == single.Digest {
		t.Error("the index's digest is missing")
	}
	digest, err := registry.Client{Keychain: nobody}.Digest(t.Context(), f.Host+"/index:1")
	if err != nil || digest != indexed.Digest {
		t.Errorf("the digest is %q, %v; want %q", digest, err, indexed.Digest)
	}
	counted(0, "the check for a newer image")
	f.Fail("/manifests/", -1,
		dockertest.Answer(429, "TOOMANYREQUESTS", "You have reached your unauthenticated pull rate limit."))
	_, err = registry.Client{Keychain: nobody}.Estimate(t.Context(),
		registry.Question{Reference: f.Host + "/image:1", Platform: platform})
	if err == nil || !strings.Contains(fault.HintOf(err), "docker login") {
		t.Errorf("the rate limit gives %v (%s)", err, fault.HintOf(err))
	}
	counted(1, "a refusal")
}

func pushIndex(t *testing.T, reference string, images ...v1.Image) {
	t.Helper()
	tag, err := name.NewTag(reference)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(tag, dockertest.IndexOf(t, images...)); err != nil {
		t.Fatal(err)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	f := dockertest.NewFaultyRegistry(t)
	layer := dockertest.Layer(t, 10)
	dockertest.Push(t, f.Host+"/single:1", dockertest.ImageFor(t, "riscv64", layer))
	pushIndex(t, f.Host+"/index:1", dockertest.ImageFor(t, "riscv64", layer), dockertest.ImageFor(t, "s390x", layer))
	for reference, want := range map[string]struct{ text, hint string }{
		f.Host + "/single:1":    {"linux/riscv64", "use a different variant"},
		f.Host + "/index:1":     {"it is for linux/riscv64, linux/s390x", "use a different variant"},
		f.Host + "/single:nope": {"the image does not exist", "check the tag"},
		f.Host + "/nope:1":      {"the image does not exist", "check the name"},
		"UPPER CASE":            {"is not an image reference", "use REGISTRY/REPOSITORY:TAG"},
	} {
		_, err := registry.Client{Keychain: nobody}.Estimate(t.Context(),
			registry.Question{Reference: reference, Platform: platform})
		if err == nil || !strings.Contains(err.Error(), want.text) || fault.HintOf(err) != want.hint {
			t.Errorf("%s: %v (%s), want %q (%s)", reference, err, fault.HintOf(err), want.text, want.hint)
		}
	}
}

// TestWithoutTheRegistry: the daemon may reach it even if this program cannot,
// so there is still an estimate.
func TestWithoutTheRegistry(t *testing.T) {
	t.Parallel()
	f := dockertest.NewFaultyRegistry(t)
	dockertest.Push(t, f.Host+"/image:1", dockertest.ImageOf(t, dockertest.Layer(t, 10)))
	f.Fail("/manifests/", -1, dockertest.Answer(503, "UNAVAILABLE", "come back later"))
	for _, reference := range []string{f.Host + "/image:1", "127.0.0.1:1/image:1"} {
		got := estimate(t, registry.Client{},
			registry.Question{Reference: reference, Published: registry.Published{Unpacked: 4_000_000}})
		if !got.DownloadEstimated || got.Download != 4_000_000 || got.Unpacked != 4_000_000 || !got.Known() ||
			len(got.Notes) != 1 {
			t.Errorf("%s: %+v", reference, got)
		}
		if got := estimate(t, registry.Client{}, registry.Question{Reference: reference}); got.Known() {
			t.Errorf("%s: even without the catalogue a size is known: %+v", reference, got)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := registry.Client{Keychain: nobody}.Estimate(ctx,
		registry.Question{Reference: f.Host + "/image:1", Platform: platform})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("after an interruption: %v", err)
	}
}

func TestRateLimitHeaders(t *testing.T) {
	t.Parallel()
	f := dockertest.NewFaultyRegistry(t)
	dockertest.Push(t, f.Host+"/image:1", dockertest.ImageOf(t, dockertest.Layer(t, 10)))
	q := registry.Question{Reference: f.Host + "/image:1"}
	if got := estimate(t, registry.Client{}, q); got.Limit != nil {
		t.Errorf("unexpected limit: %+v", got.Limit)
	}
	headers := func(limit, remaining string) dockertest.Fault {
		return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			w.Header().Set("ratelimit-limit", limit)
			w.Header().Set("ratelimit-remaining", remaining)
			next.ServeHTTP(w, r)
		}
	}
	f.Fail("/manifests/", 1, headers("100;w=21600", "76;w=21600"))
	want := registry.Limit{Pulls: 100, Remaining: 76, Seconds: 21600}
	if got := estimate(t, registry.Client{}, q); got.Limit == nil || *got.Limit != want {
		t.Errorf("%+v, want %+v", got.Limit, want)
	}
	f.Fail("/manifests/", 1, headers("plenty", "76"))
	if got := estimate(t, registry.Client{}, q); got.Limit != nil {
		t.Errorf("a limit from invalid headers: %+v", got.Limit)
	}
}

// TestMirror: the estimate of a Docker Hub image comes from the daemon's
// mirror, without asking the hub.
func TestMirror(t *testing.T) {
	t.Parallel()
	broken, mirror := dockertest.NewFaultyRegistry(t), dockertest.NewFaultyRegistry(t)
	layer := dockertest.Layer(t, 1000)
	dockertest.Push(t, mirror.Host+"/djok/facecraft:cpu", dockertest.ImageOf(t, layer))
	client := registry.Client{
		Mirrors:   []string{"not a URL", "http://" + broken.Host, "http://" + mirror.Host + "/"},
		Transport: onlyLocal{t},
	}
	got := estimate(t, client, registry.Question{Reference: "djok/facecraft:cpu"})
	if got.Mirror != "http://"+mirror.Host+"/" || got.Here != 0 || got.Download <= size(t, layer) {
		t.Errorf("%+v", got)
	}
	digest, err := client.Digest(t.Context(), "djok/facecraft@"+got.Digest)
	if err != nil || digest != got.Digest {
		t.Errorf("by its digest: %q, %v", digest, err)
	}
}

// onlyLocal fails the test on a request to any other machine.
type onlyLocal struct{ t *testing.T }

func (o onlyLocal) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Hostname() != "127.0.0.1" {
		o.t.Errorf("%s was asked", r.URL)
	}
	return http.DefaultTransport.RoundTrip(r)
}

type logins map[string]authn.AuthConfig

func (l logins) Resolve(target authn.Resource) (authn.Authenticator, error) {
	if config, ok := l[target.RegistryStr()]; ok {
		return authn.FromConfig(config), nil
	}
	return authn.Anonymous, nil
}

func TestBasicAndTokenLogin(t *testing.T) {
	t.Parallel()
	for _, protect := range []func(*dockertest.FaultyRegistry){
		dockertest.RequireBasic,
		dockertest.RequireToken,
	} {
		f := dockertest.NewFaultyRegistry(t)
		dockertest.Push(t, f.Host+"/image:1", dockertest.ImageOf(t, dockertest.Layer(t, 10)))
		protect(f)
		q := registry.Question{Reference: f.Host + "/image:1", Platform: platform}
		known := registry.Client{Keychain: logins{f.Host: {Username: dockertest.User, Password: dockertest.Password}}}
		if got := estimate(t, known, q); got.DownloadEstimated {
			t.Errorf("with a login: %+v", got)
		}
		for _, stranger := range []registry.Client{
			{Keychain: nobody},
			{Keychain: logins{f.Host: {Username: dockertest.User, Password: "wrong"}}},
		} {
			if _, err := stranger.Estimate(t.Context(), q); err == nil || !strings.Contains(fault.HintOf(err), "docker login") {
				t.Errorf("without a login: %v (%s)", err, fault.HintOf(err))
			}
		}
	}
}

// TestStoredLogins reads Docker's own configuration file.
func TestStoredLogins(t *testing.T) {
	secret := base64.StdEncoding.EncodeToString([]byte("someone:secret"))
	for what, tt := range map[string]struct {
		config string
		want   registry.Login
		noted  bool
	}{
		"none": {`{}`, registry.Login{}, false},
		"in the file": {`{"auths":{"reg.example:5000":{"auth":"` + secret + `"}}}`,
			registry.Login{Username: "someone", Password: "secret"}, false},
		"of another": {`{"auths":{"other.example":{"auth":"` + secret + `"}}}`, registry.Login{}, false},
		"an identity token": {`{"auths":{"reg.example:5000":{"identitytoken":"tok"}}}`,
			registry.Login{IdentityToken: "tok"}, false},
		"a broken store": {`{"credsStore":"desktop-that-is-not-installed.exe"}`, registry.Login{}, true},
		"a broken file":  {`{`, registry.Login{}, true},
	} {
		home := t.TempDir()
		t.Setenv("HOME", home)
		t.Setenv("DOCKER_CONFIG", filepath.Join(home, ".docker"))
		if err := os.MkdirAll(filepath.Join(home, ".docker"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(home, ".docker", "config.json"), []byte(tt.config), 0o600); err != nil {
			t.Fatal(err)
		}
		login, note := registry.Client{}.Login("reg.example:5000/image:1")
		if login != tt.want || (note != "") != tt.noted {
			t.Errorf("%s: %+v, note %q; want %+v, noted %v", what, login, note, tt.want, tt.noted)
		}
	}
}

// TestClassify checks the table against real errors; the daemon's are from
// Docker 20.10.
func TestClassify(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]registry.Kind{
		"toomanyrequests: You have reached your unauthenticated pull rate limit.":           registry.Permanent,
		"manifest for 127.0.0.1/x:nope not found: manifest unknown: Unknown manifest":       registry.Permanent,
		"pull access denied for x, repository does not exist or may require 'docker login'": registry.Permanent,
		"no matching manifest for linux/arm64 in the manifest list entries":                 registry.Permanent,
		"failed to register layer: write /app/x: no space left on device":                   registry.Full,
		"unknown blob": registry.Permanent,
		"Head \"http://127.0.0.1:1/v2/x/manifests/1\": no basic auth credentials": registry.Permanent,
		"received unexpected HTTP status: 500 Internal Server Error":              registry.Transient,
		"filesystem layer verification failed for digest sha256:134abc66":         registry.Transient,
		"unexpected EOF": registry.Transient,
		// Those of a containerd store.
		`failed commit on ref "layer-sha256:12": commit failed: unexpected commit digest sha256:34, ` +
			`expected sha256:12: failed precondition`: registry.Transient,
		`failed commit on ref "manifest-sha256:12": commit failed: unexpected commit digest sha256:34, ` +
			`expected sha256:12: failed precondition`: registry.Permanent,
		`unknown: failed to resolve reference "r/x:1": unexpected status from HEAD request to ` +
			`http://r/v2/x/manifests/1: 500 Internal Server Error`: registry.Transient,
		`unknown: failed to resolve reference "r/x:1": unexpected status from HEAD request to ` +
			`http://r/v2/x/manifests/1: 429 Too Many Requests`: registry.Permanent,
		`failed to resolve reference "r/x:1": r/x:1: not found`: registry.Permanent,
		`failed to copy: httpReadSeeker: failed open: could not fetch content descriptor sha256:12 ` +
			`(application/vnd.oci) from remote: not found`: registry.Permanent,
		`failed to copy: httpReadSeeker: failed open: unexpected status from GET request to ` +
			`http://r/v2/x/blobs/sha256:12: 416 Requested Range Not Satisfiable`: registry.Transient,
		`error from registry: incorrect username or password`: registry.Permanent,
		"EOF": registry.Transient,
		"error pulling image configuration (EOF)":                                                       registry.Transient,
		"failed to resolve reference \"x/eof-tools:1\": something new":                                  registry.Unclear,
		"something new about geoff":                                                                     registry.Unclear,
		"Get \"https://registry-1.docker.io/v2/\": net/http: TLS handshake timeout":                     registry.Transient,
		"read tcp 10.0.0.2:51514->104.18.1.1:443: read: connection reset by peer":                       registry.Transient,
		"Get \"https://registry-1.docker.io/v2/\": dial tcp: lookup registry-1.docker.io: no such host": registry.Unreachable,
		"Head \"http://127.0.0.1:1/v2/x/manifests/1\": EOF":                                             registry.Transient,
		"denied: requested access to the resource is denied":                                            registry.Permanent,
		"Error response from daemon: denied":                                                            registry.Permanent,
		"open /var/lib/docker/geoff: permission denied":                                                 registry.Unclear,
		"Cannot connect to the Docker daemon at unix:///var/run/docker.sock. " +
			"Is the docker daemon running?": registry.Unclear,
	} {
		if got := registry.Classify(errors.New(text)); got != want {
			t.Errorf("%s: kind %d, want %d", text, got, want)
		}
	}
	if got := registry.Classify(registry.Stalled("for 1m0s")); got != registry.Transient {
		t.Errorf("a stall: kind %d", got)
	}
}

// BenchmarkEstimate measures the estimate of an image with 20 layers, compared
// with the cheapest possible request, one HEAD of the manifest.
func BenchmarkEstimate(b *testing.B) {
	f := dockertest.NewFaultyRegistry(b)
	var layers []v1.Layer
	for range 20 {
		layers = append(layers, dockertest.Layer(b, 1000))
	}
	reference := f.Host + "/image:1"
	dockertest.Push(b, reference, dockertest.ImageOf(b, layers...))
	client := registry.Client{Keychain: nobody}
	var estimates, heads time.Duration
	for b.Loop() {
		begin := time.Now()
		if _, err := client.Estimate(b.Context(), registry.Question{Reference: reference, Platform: platform}); err != nil {
			b.Fatal(err)
		}
		estimated := time.Now()
		if _, err := client.Digest(b.Context(), reference); err != nil {
			b.Fatal(err)
		}
		estimates, heads = estimates+estimated.Sub(begin), heads+time.Since(estimated)
	}
	b.ReportMetric(estimates.Seconds()/float64(b.N), "s-a-estimate")
	b.ReportMetric(estimates.Seconds()/heads.Seconds(), "times-a-HEAD")
}
