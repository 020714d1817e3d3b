package images_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/fetch"
	"github.com/djok/facecraft/internal/images"
	"github.com/djok/facecraft/internal/progress"
	"github.com/djok/facecraft/internal/registry"
)

// published is an image in a registry, without any daemon.
type published struct {
	registry *dockertest.FaultyRegistry
	layer    v1.Hash
	content  []byte // of the layer
	estimate registry.Estimate
}

func publish(t *testing.T, size int64) published {
	t.Helper()
	p := published{registry: dockertest.NewFaultyRegistry(t)}
	layer := dockertest.Layer(t, size)
	dockertest.Push(t, p.registry.Host+"/image:1", dockertest.ImageOf(t, layer))
	compressed, err := layer.Compressed()
	if err != nil {
		t.Fatal(err)
	}
	if p.content, err = io.ReadAll(compressed); err != nil {
		t.Fatal(err)
	}
	if p.layer, err = layer.Digest(); err != nil {
		t.Fatal(err)
	}
	client := registry.Client{Keychain: authn.NewMultiKeychain()}
	p.estimate, err = client.Estimate(t.Context(),
		registry.Question{Reference: p.registry.Host + "/image:1", Platform: platform})
	if err != nil {
		t.Fatal(err)
	}
	p.registry.Reset()
	return p
}

// readLayer is a use of the blobs that reads the layer into a buffer.
func (p published) readLayer(into *bytes.Buffer) func(*images.Blobs) error {
	return func(blobs *images.Blobs) error {
		layer, err := blobs.Open(p.layer)
		if err == nil {
			_, err = io.Copy(into, layer)
		}
		return err
	}
}

// TestDownloadWithoutADaemon continues after an interruption, and keeps nothing
// after a success.
func TestDownloadWithoutADaemon(t *testing.T) {
	t.Parallel()
	p := publish(t, 8<<20)
	direct := images.Direct{Dir: t.TempDir(), Connections: fetch.Connections}
	p.registry.Fail("/blobs/", -1, dockertest.Slow(64<<10, 5*time.Millisecond))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var kept int64
	report := func(e progress.Event) {
		switch {
		case e.Stage == progress.Pulling && e.Done > 5<<20:
			cancel()
		case e.Stage == progress.Cached:
			kept = e.Done
		}
	}
	var got bytes.Buffer
	err := images.Download(ctx, p.estimate, direct, report, p.readLayer(&got))
	if !errors.Is(err, context.Canceled) || kept < 5<<20 || images.Cached(direct.Dir, p.estimate) != kept {
		t.Fatalf("it ended with %v, and %d bytes were kept", err, kept)
	}
	for p.registry.Open() > 0 {
		time.Sleep(time.Millisecond)
	}
	p.registry.Reset()
	got.Reset()
	if err := images.Download(t.Context(), p.estimate, direct, report, p.readLayer(&got)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), p.content) {
		t.Errorf("%d bytes of the layer differ from its %d", got.Len(), len(p.content))
	}
	if served := p.registry.Served(); served > p.estimate.Download-kept {
		t.Errorf("%d bytes of %d were kept, and %d fetched", kept, p.estimate.Download, served)
	}
	if left, err := fetch.Kept(direct.Dir); err != nil || left != 0 {
		t.Errorf("%d bytes are kept, %v", left, err)
	}
}

// TestDownloadFails: the registry's failure is explained; that of the use is
// returned as it is, and the download is kept.
func TestDownloadFails(t *testing.T) {
	t.Parallel()
	p := publish(t, 1<<20)
	direct := images.Direct{Dir: t.TempDir(), Connections: fetch.Connections}
	ignore := func(progress.Event) {}
	broken := errors.New("no space left on device")
	err := images.Download(t.Context(), p.estimate, direct, ignore, func(*images.Blobs) error { return broken })
	if !errors.Is(err, broken) || fault.HintOf(err) != "" {
		t.Errorf("%v (%s)", err, fault.HintOf(err))
	}
	p.registry.Fail("/blobs/", -1, dockertest.Answer(404, "BLOB_UNKNOWN", "blob unknown to registry"))
	direct.Dir = t.TempDir()
	err = images.Download(t.Context(), p.estimate, direct, ignore, p.readLayer(&bytes.Buffer{}))
	if fault.HintOf(err) != "report this to its publisher" {
		t.Errorf("%v (%s)", err, fault.HintOf(err))
	}
}
