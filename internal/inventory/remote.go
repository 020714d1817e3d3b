package inventory

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// ReadRemote reads an image in a registry. Its layers are streamed once, and only
// the results are kept.
func ReadRemote(ctx context.Context, name string, image v1.Image, o Options) (Inventory, error) {
	inv := Inventory{Target: name, Tag: TagOf(name), Depth: min(o.Depth, LayersDepth)}
	digest, err := image.Digest()
	if err != nil {
		return inv, err
	}
	inv.Digest = digest.String()
	data, err := image.RawConfigFile()
	if err != nil {
		return inv, err
	}
	if inv.Config, inv.Layers, err = ParseConfig(data); err != nil {
		return inv, err
	}
	manifest, err := image.Manifest()
	if err != nil {
		return inv, err
	}
	if len(manifest.Layers) != len(inv.Layers) {
		return inv, hostile("its configuration names %d layers and its manifest %d", len(inv.Layers),
			len(manifest.Layers))
	}
	from := streamed{image: image, cache: o.Cache, progress: o.Progress}
	for i, layer := range manifest.Layers {
		inv.Layers[i].Digest, inv.Layers[i].Packed = layer.Digest.String(), layer.Size
		from.digests = append(from.digests, layer.Digest)
		from.total += layer.Size
	}
	if o.Depth == ConfigDepth {
		return inv, nil
	}
	return inv, o.readLayers(ctx, &inv, &from)
}

// streamed are layers of a registry.
type streamed struct {
	image       v1.Image
	digests     []v1.Hash
	cache       Cache
	progress    func(done, total int64)
	done, total int64
}

// layer reads a layer to its end, because only then is its digest, the cache key,
// verified.
func (s *streamed) layer(ctx context.Context, scan scanner, index int, limit *budget) ([]Entry, error) {
	scan.all = true // all bytes must be read anyway
	digest := s.digests[index]
	if entries, ok := s.cache.get(digest.String(), scan); ok {
		return entries, limit.takeAll(entries)
	}
	layer, err := s.image.LayerByDigest(digest)
	if err != nil {
		return nil, err
	}
	packed, err := layer.Compressed()
	if err != nil {
		return nil, err
	}
	defer packed.Close()
	counted := &told{Reader: packed, to: s}
	entries, err := scanPacked(ctx, scan, counted, limit)
	if err != nil {
		return nil, fmt.Errorf("layer %d: %w", index+1, err)
	}
	if _, err := io.Copy(io.Discard, counted); err != nil {
		return nil, fmt.Errorf("layer %d: %w", index+1, err)
	}
	s.cache.put(digest.String(), scan, entries)
	return entries, nil
}

// scanPacked unpacks in one goroutine and looks at the files in another.
func scanPacked(ctx context.Context, scan scanner, packed io.Reader, limit *budget) ([]Entry, error) {
	unpacked, err := unpack(packed)
	if err != nil {
		return nil, err
	}
	ahead := readAhead(ctx, unpacked)
	defer ahead.Close()
	entries, err := scan.layer(ctx, ahead, limit)
	if err == nil {
		_, err = io.Copy(io.Discard, ahead) // data after the archive's end
	}
	return entries, err
}

// told counts the bytes read and reports progress.
type told struct {
	io.Reader
	to *streamed
}

func (t *told) Read(p []byte) (int, error) {
	n, err := t.Reader.Read(p)
	done := atomic.AddInt64(&t.to.done, int64(n))
	if t.to.progress != nil {
		t.to.progress(done, t.to.total)
	}
	return n, err
}
