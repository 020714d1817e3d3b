package gateway

import (
	"context"

	"golang.org/x/sync/semaphore"
)

// budget limits the memory for uploads: their bytes and, because most are far below
// the limit, their number. Uploads beyond it are not read until there is room.
type budget struct{ bytes, places *semaphore.Weighted }

const (
	// moreInHand is how many uploads may be in memory in addition to those at servers;
	// photosInHand is how many of the maximum size may be in memory in total.
	moreInHand   = 3
	photosInHand = 4
)

func newBudget(largest int64, servers int) *budget {
	places := perServer*servers + moreInHand
	return &budget{semaphore.NewWeighted(photosInHand * largest), semaphore.NewWeighted(int64(places))}
}

// take waits for room for an upload. The error is ctx's.
func (b *budget) take(ctx context.Context, size int64) (release func(), err error) {
	if err := b.places.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	if err := b.bytes.Acquire(ctx, size); err != nil {
		b.places.Release(1)
		return nil, err
	}
	return func() {
		b.bytes.Release(size)
		b.places.Release(1)
	}, nil
}
