package images

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/pkg/jsonmessage"

	"github.com/djok/facecraft/internal/progress"
	"github.com/djok/facecraft/internal/registry"
)

// LabelPartial marks an image that only holds the complete layers of an
// unfinished pull; its value is the reference that was pulled.
const LabelPartial = "io.facecraft.partial"

// partialRepository holds those images.
const partialRepository = "facecraft-partial"

// keeper preserves the complete layers of a failed pull. A daemon with a graph
// driver drops all layers of a pull that fails or is stopped (measured on
// Engine 20.10; moby, distribution/xfer, Transfer.Released). It keeps what an
// image refers to, and an image can be loaded without its layers if the daemon
// has them (moby, image/tarexport, load): so during the pull, the keeper loads
// an image of the complete layers. The next attempt, or the next call, finds
// them.
//
// A containerd store also drops them when a pull fails; only those of an
// interrupted pull stay for some hours. It keeps what an image names, even if that
// arrives later, so an image that names all layers is loaded before the pull.
// (moby, daemon/containerd/leases.go)
//
// It is best effort.
type keeper struct {
	store    *Store
	report   Reporter
	estimate registry.Estimate
	layers   atomic.Int32 // how many are complete, from the base up
	kept     atomic.Int32 // how many of those an image holds
	content  bool         // the daemon has a containerd store: each is held as it arrives

	complete map[string]bool // by the daemon's name
	finish   func()
}

func (s *Store) newKeeper(estimate registry.Estimate, report Reporter) *keeper {
	return &keeper{store: s, report: report, estimate: estimate, complete: map[string]bool{}, finish: func() {}}
}

// start starts the keeper.
func (k *keeper) start(every time.Duration) {
	if len(k.estimate.Layers) == 0 {
		return
	}
	if k.store.keepsContent(context.Background()) {
		k.content = true
		k.holdContent()
		return
	}
	k.kept.Store(int32(len(k.estimate.Layers) - len(k.estimate.Missing())))
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { k.keep(ctx, every) })
	k.finish = func() { cancel(); done.Wait() }
}

// see processes a message from the pull.
func (k *keeper) see(m jsonmessage.JSONMessage) {
	if m.Status != "Pull complete" && m.Status != "Already exists" {
		return
	}
	k.complete[m.ID] = true
	n := 0
	for _, layer := range k.estimate.Layers {
		if !layer.Here && !k.complete[shortDigest(layer.Digest)] {
			break
		}
		n++
	}
	k.layers.Store(int32(n))
}

// restart forgets what the daemon forgets when an attempt fails.
func (k *keeper) restart() {
	clear(k.complete)
	k.layers.Store(k.kept.Load())
}

func (k *keeper) keep(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	// A single refusal may be due to a layer that was just dropped with a
	// failed attempt; a daemon that always refuses does not support this.
	for refusals := 0; refusals < 3; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if n := k.layers.Load(); n > k.kept.Load() {
			if err := k.hold(k.estimate.Layers[:n]); err != nil {
				refusals++
				continue
			}
			k.kept.Store(n)
		}
	}
}

// hold loads an image of these layers and removes the smaller one that it
// replaces. It is not interruptible: the daemon would finish anyway, unnoticed.
func (k *keeper) hold(layers []registry.Layer) error {
	ctx, cancel := context.WithTimeout(context.Background(), cleanupTimeout)
	defer cancel()
	archive, id, err := k.archive(layers)
	if err != nil {
		return err
	}
	if err := k.store.LoadArchive(ctx, archive); err != nil {
		return err
	}
	k.remove(ctx, id)
	return nil
}

// holdContent loads the image that names all layers.
func (k *keeper) holdContent() {
	ctx, cancel := context.WithTimeout(context.Background(), cleanupTimeout)
	defer cancel()
	layout := newLayout(k.estimate.Layers, k.estimate.Platform, map[string]string{LabelPartial: k.estimate.Reference})
	if archive, err := layout.archive(PartialOf(k.estimate.Digest)); err == nil {
		_ = k.store.LoadArchive(ctx, archive)
	}
}

// archive returns the image as an archive for `docker load`, without the
// layers.
func (k *keeper) archive(layers []registry.Layer) (archive *bytes.Buffer, id string, err error) {
	var diffIDs, files []string
	for _, layer := range layers {
		diffIDs = append(diffIDs, layer.DiffID)
		files = append(files, "in-the-daemon-already")
	}
	system, architecture, _ := strings.Cut(k.estimate.Platform, "/")
	config, err := json.Marshal(map[string]any{
		"os": system, "architecture": architecture,
		"config": map[string]any{"Labels": map[string]string{LabelPartial: k.estimate.Reference}},
		"rootfs": map[string]any{"type": "layers", "diff_ids": diffIDs},
	})
	if err != nil {
		return nil, "", err
	}
	sum := sha256.Sum256(config)
	id = hex.EncodeToString(sum[:])
	manifest, err := json.Marshal([]map[string]any{{
		"Config":   id + ".json",
		"RepoTags": []string{PartialOf(k.estimate.Digest)},
		"Layers":   files,
	}})
	if err != nil {
		return nil, "", err
	}
	archive = &bytes.Buffer{}
	w := tar.NewWriter(archive)
	for _, file := range []struct {
		name string
		data []byte
	}{{id + ".json", config}, {"manifest.json", manifest}} {
		if err := w.WriteHeader(&tar.Header{Name: file.name, Mode: 0o644, Size: int64(len(file.data))}); err != nil {
			return nil, "", err
		}
		if _, err := w.Write(file.data); err != nil {
			return nil, "", err
		}
	}
	return archive, "sha256:" + id, w.Close()
}

// PartialOf returns the name of the image that holds the complete layers of an
// unfinished pull of a digest.
func PartialOf(digest string) string { return partialRepository + ":" + shortDigest(digest) }

// stop stops the keeper. It leaves the kept layers for the next call, and
// reports them.
func (k *keeper) stop() {
	k.finish()
	size := k.held()
	if size == 0 && k.content {
		k.drop() // nothing that it names has arrived
	}
	if size > 0 {
		k.report(progress.Event{Stage: progress.Kept, Subject: PartialOf(k.estimate.Digest), Done: size})
	}
}

// held returns how many bytes are kept that were not available before.
func (k *keeper) held() (size int64) {
	ctx, cancel := context.WithTimeout(context.Background(), cleanupTimeout)
	defer cancel()
	var available map[string]bool
	if k.content {
		available = k.store.Available(ctx, k.estimate.Layers, k.estimate.Platform)
	}
	for i, layer := range k.estimate.Layers {
		if !layer.Here && (i < int(k.kept.Load()) || available[layer.Digest]) {
			size += layer.Size
		}
	}
	return size
}

// release removes what was kept, once the image itself is available.
func (k *keeper) release() {
	k.finish()
	k.kept.Store(0)
	k.drop()
}

// drop removes all that was kept.
func (k *keeper) drop() {
	k.content = false
	ctx, cancel := context.WithTimeout(context.Background(), cleanupTimeout)
	defer cancel()
	k.remove(ctx, "")
}

// remove removes what was kept for this reference, except one image.
func (k *keeper) remove(ctx context.Context, except string) {
	kept, err := k.store.Docker.ImageList(ctx, image.ListOptions{
		Filters: filters.NewArgs(filters.Arg("label", LabelPartial+"="+k.estimate.Reference)),
	})
	if err != nil {
		return
	}
	for _, img := range kept {
		if img.ID != except {
			_, _ = k.store.Docker.ImageRemove(ctx, img.ID, image.RemoveOptions{Force: true}) // best effort
		}
	}
}
