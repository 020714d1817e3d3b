// Package remains keeps track of what a command has started and not yet
// finished, so that it can list what may be left behind if the user does not
// wait for the cleanup.
package remains

import (
	"slices"
	"strings"
	"sync"

	"github.com/djok/facecraft/internal/fault"
)

// List is safe for concurrent use.
type List struct {
	mu    sync.Mutex
	items []*item
}

// item is one thing that may be left behind.
type item struct {
	what   string // such as "the container facecraft"
	remedy string // the command that removes it
}

// Add records an item before it is created; on a nil List it does nothing. Call
// done once the item is removed or should be kept; calling it twice is harmless.
func (l *List) Add(what, remedy string) (done func()) {
	if l == nil {
		return func() {}
	}
	added := &item{what, remedy}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.items = append(l.items, added)
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.items = slices.DeleteFunc(l.items, func(i *item) bool { return i == added })
	}
}

// Err is the error of a command that was not allowed to clean up. It lists what
// may be left behind now, oldest first, and how to remove it.
func (l *List) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var left, remedies []string
	for _, item := range l.items {
		left = append(left, item.what)
		if !slices.Contains(remedies, item.remedy) {
			remedies = append(remedies, item.remedy)
		}
	}
	if left == nil {
		return fault.New(fault.Interrupted, "", "interrupted; nothing was left behind")
	}
	return fault.New(fault.Interrupted, strings.Join(remedies, " && "),
		"interrupted before cleanup finished; these may be left:\n  %s", strings.Join(left, "\n  "))
}
