package images_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
	"github.com/google/go-containerregistry/pkg/authn"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/fetch"
	"github.com/djok/facecraft/internal/images"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/progress"
	"github.com/djok/facecraft/internal/registry"
)

// pullChild makes this test program pull an image as a separate process, which
// can be killed, and which prints its peak memory in bytes. Its value is a
// childPull.
const pullChild = "FACECRAFT_PULL_CHILD"

type childPull struct {
	Reference string
	Direct    images.Direct
}

func pullAsChild(text string) error {
	var order childPull
	if err := json.Unmarshal([]byte(text), &order); err != nil {
		return err
	}
	docker, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		return err
	}
	ctx := context.Background()
	store := &images.Store{Docker: docker, Registry: registry.Client{Keychain: authn.NewMultiKeychain()}}
	local, err := store.LocalLayers(ctx)
	if err != nil {
		return err
	}
	estimate, err := store.Registry.Estimate(ctx,
		registry.Question{Reference: order.Reference, Platform: platform, Local: local})
	if err != nil {
		return err
	}
	err = store.Pull(ctx, plan.Image{Reference: order.Reference, Platform: platform}, images.PullOptions{
		Estimate: estimate, Report: func(progress.Event) {}, Direct: order.Direct,
	})
	fmt.Println(dockertest.PeakMemory())
	return err
}

func (p *puller) child(t testing.TB, reference string) *exec.Cmd {
	t.Helper()
	order, err := json.Marshal(childPull{reference, p.direct})
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), pullChild+"="+string(order))
	return command
}

// killCount is how often TestKilledPull kills; make test-kills sets it.
func killCount(t *testing.T) int {
	t.Helper()
	text, ok := os.LookupEnv("FACECRAFT_KILLS")
	if !ok {
		return 5
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestKilledPull: SIGKILL at random moments of a pull of forty layers loses only
// the blocks in flight, and the image is right in the end.
func TestKilledPull(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it is slow with the race detector, and about processes, not goroutines")
	}
	const layers, longestLife = 40, time.Second
	kills := killCount(t)
	p := newDirectPuller(t)
	p.direct.Connections = 4 // limits how much is in flight
	// So large that the download lasts about as long as all the lives.
	size := int64(kills) << 20 / 5
	var content []v1.Layer
	for range layers {
		content = append(content, dockertest.Layer(t, size))
	}
	img := dockertest.ImageOf(t, content...)
	reference := p.push(t, "killed:1", img)
	var inFlight atomic.Int64 // at most
	p.registry.Fail("GET /v2/killed/blobs/", -1, func(w http.ResponseWriter, r *http.Request, registry http.Handler) {
		dockertest.Slow(32<<10, 10*time.Millisecond)(w, r, registry)
		if r.Context().Err() != nil {
			inFlight.Add(fetch.BlockSize)
		}
	})
	died := 0
	for range kills {
		if p.killed(t, reference, time.Duration(rand.Int64N(int64(longestLife)))) {
			died++
		}
	}
	estimate := p.estimate(t, reference)
	t.Logf("%d of %d calls were killed; then %d of %d bytes were downloaded",
		died, kills, images.Cached(p.direct.Dir, estimate), estimate.Download)
	if output, err := p.child(t, reference).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	for p.registry.Open() > 0 {
		time.Sleep(time.Millisecond)
	}
	served, total := p.registry.Served(), sizeOf(estimate)
	t.Logf("%d bytes were served, at most %d of them in flight at a kill; the image has %d", served,
		inFlight.Load(), total)
	if limit := total*102/100 + inFlight.Load(); served > limit {
		t.Errorf("%d bytes were served, more than %d", served, limit)
	}
	p.checkImage(t, reference, estimate, img)
	p.checkNoNames(t, "killed")
}

// killed starts a pull, and kills it after a while, unless it is done before.
func (p *puller) killed(t *testing.T, reference string, after time.Duration) bool {
	t.Helper()
	command := p.child(t, reference)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(after)
	_ = command.Process.Kill()
	return command.Wait() != nil
}

// sizeOf is the size of an image in its registry, in bytes.
func sizeOf(estimate registry.Estimate) int64 {
	total := estimate.Source.Config.Size
	for _, layer := range estimate.Layers {
		total += layer.Size
	}
	return total
}

// checkNoNames checks that the daemon knows a repository by no temporary name.
func (p *puller) checkNoNames(t *testing.T, repository string) {
	t.Helper()
	list, err := p.docker.ImageList(t.Context(), image.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, summary := range list {
		for _, name := range summary.RepoTags {
			if strings.HasSuffix(name, fmt.Sprintf("/%s:pull", repository)) {
				t.Errorf("%s is left", name)
			}
		}
	}
}
