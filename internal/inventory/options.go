package inventory

import (
	"context"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// Options say what to read and where to remember it.
type Options struct {
	Depth    Depth
	Platform string // which one in an index, such as linux/amd64
	Interest Interest
	Cache    Cache
	// Progress receives how much of the packed layers was read, in bytes; it may
	// be nil and is called by several goroutines.
	Progress func(done, total int64)
}

// source provides the layers of an image.
type source interface {
	// layer returns the entries of the layer at an index.
	layer(ctx context.Context, s scanner, index int, limit *budget) ([]Entry, error)
}

// readLayers fills in the layers and the tree, several layers at a time.
func (o Options) readLayers(ctx context.Context, inv *Inventory, from source) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(2, runtime.GOMAXPROCS(0)))
	limit := &budget{}
	s := scanner{interest: o.Interest, all: o.Depth == LayersDepth}
	// The largest first: a layer is unpacked by one processor.
	for _, i := range bySize(inv.Layers) {
		group.Go(func() (err error) {
			inv.Layers[i].Entries, err = from.layer(ctx, s, i, limit)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return inv.merge()
}

// merge merges the layers into the tree, and measures them.
func (i *Inventory) merge() (err error) {
	for n := range i.Layers {
		i.Layers[n].Size = 0
		for _, e := range i.Layers[n].Entries {
			i.Layers[n].Size += e.Size
		}
	}
	i.Files, i.Stored, err = Merge(i.Layers)
	return err
}
