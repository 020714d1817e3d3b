// Package remains is what a call has begun and not finished: the answer to
// what is left behind when nobody waits for it to clean up.
package remains

import (
	"slices"
	"sync"
)

// Item is one thing that may be left behind.
type Item struct {
	What   string // as "the container facecraft"
	Remedy string // the command that removes it
}

// List is safe for concurrent use. A nil one takes no notes.
type List struct {
	mu    sync.Mutex
	items []*Item
}

// Add notes a thing before it is made. done is called when it is gone again,
// or is to stay; calling it twice does no harm.
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
		l.items = slices.DeleteFunc(l.items, func(other *Item) bool { return other == item })
	}
}

// Items are the things that may be left now, in the order in which they began.
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
