package gateway

import (
	"context"
	"runtime/debug"
	"time"
)

const (
	// gcPercent is low because nearly all memory is upload buffers, which contain no
	// pointers and are reused.
	gcPercent = 20
	// idleCheck is how long the gateway must be idle before memory is returned.
	idleCheck = 500 * time.Millisecond
)

// returnMemory returns memory to the system whenever there are no more uploads, until
// ctx ends.
func (g *Gateway) returnMemory(ctx context.Context) {
	ticker := time.NewTicker(idleCheck)
	defer ticker.Stop()
	returned := int64(0)
	for last := int64(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		count := g.received.Load()
		if count != last || count == returned || g.photos.Load() > 0 {
			last = count
			continue
		}
		returned = count
		for range len(spareChunks) {
			_ = newChunk() // and drop it
		}
		debug.FreeOSMemory()
	}
}
