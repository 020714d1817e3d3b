// Package remains keeps track of what a command has started and not yet
// finished, so that it can list what may be left behind if the user does not
// wait for the cleanup.
package remains

import (
	"slices"
	"sync"
)

// Item is one thing that may be left behind.
type Item struct {
	What   string // such as "the container facecraft"
	Remedy string // the command that removes it
}

// List is safe for concurrent use. A nil List records nothing.
type List struct {
	mu    sync.Mutex
	items []*Item
}

// Add records an item before it is created. Call done once the item is removed
// or should be kept; calling it twice is harmless.
func (l *List) Add(what, remedy string) (done func()) {
	if l == nil {
		return func() {}
	}
	item := &Item{what, remedy}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.items = append(l.items, item)
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.items = slices.DeleteFunc(l.items, func(i *Item) bool { return i == item })
	}
}

// Items returns what may be left behind now, oldest first.
func (l *List) Items() []Item {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var items []Item
	for _, item := range l.items {
		items = append(items, *item)
	}
	return items
}
