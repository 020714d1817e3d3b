package gateway

import (
	"context"
	"runtime"
	"runtime/debug"
	"time"
)

const (
	// gcPercent is low because nearly all memory is uploads, which cost the garbage
	// collector nothing and are used again.
	gcPercent = 25
	// idleCheck is how often the gateway looks whether it has nothing to do.
	idleCheck = time.Second
)

// returnMemory gives the memory of uploads back to the system when there are none any
// more, until ctx ends.
func (g *Gateway) returnMemory(ctx context.Context) {
	ticker := time.NewTicker(idleCheck)
	defer ticker.Stop()
	for last := int64(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if count := g.received.Load(); count != last && g.photos.Load() == 0 {
			last = count
			runtime.GC() // sync.Pool keeps what it has for one more collection
			debug.FreeOSMemory()
		}
	}
}
