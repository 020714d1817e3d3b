package gateway

import (
	"context"
	"errors"
	"sync/atomic"
)

// turn is a photo's turn at a server, which processes one photo at a time: two at once
// can crash the images. The next photo is sent meanwhile, except for its end.
type turn struct {
	server *server
	state  atomic.Int32
	ended  atomic.Bool
}

// The states of a turn.
const (
	turnWaiting = iota
	turnTaken
	turnLeft // by the client, and never taken
)

// errLeft means that the client hung up before its photo's turn.
var errLeft = errors.New("the client is gone")

// context returns the context of an exchange. It ends with the client's, unless the
// photo is being processed: the server would continue, and must not get another one.
func (t *turn) context(client context.Context) (context.Context, context.CancelCauseFunc) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(client))
	stop := context.AfterFunc(client, func() {
		if t.state.CompareAndSwap(turnWaiting, turnLeft) {
			cancel(errLeft)
		}
	})
	return ctx, func(cause error) {
		stop()
		cancel(cause)
	}
}

// take waits until the server has no other photo.
func (t *turn) take(ctx context.Context) error {
	select {
	case t.server.turn <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if !t.state.CompareAndSwap(turnWaiting, turnTaken) {
		<-t.server.turn
		return errLeft
	}
	return nil
}

func (t *turn) taken() bool { return t.state.Load() == turnTaken }

// end lets the next photo in. It may be called more than once.
func (t *turn) end() {
	if t.taken() && t.ended.CompareAndSwap(false, true) {
		<-t.server.turn
	}
}
