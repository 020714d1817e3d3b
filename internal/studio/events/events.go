// Package events sends events to any number of pages, as server-sent events. A
// page that lost its connection gets those it missed.
package events

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// kept is how many events are kept for pages that reconnect.
const kept = 2048

// Event is one event.
type Event struct {
	ID, Name string
	Data     []byte // JSON
}

// Hub keeps the latest events. Make one with New.
type Hub struct {
	boot string // distinguishes this process's numbers from earlier ones

	mu      sync.Mutex
	last    int // the number of the latest event
	recent  []Event
	changed chan struct{}
}

// New returns an empty hub.
func New() *Hub { return &Hub{boot: rand.Text()[:8], changed: make(chan struct{})} }

// Send adds an event. data must be a value that JSON can express.
func (h *Hub) Send(name string, data any) {
	text, err := json.Marshal(data)
	if err != nil {
		panic(err) // a bug in this program
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last++
	h.recent = append(h.recent, Event{h.id(h.last), name, text})
	if len(h.recent) > kept {
		h.recent = append([]Event(nil), h.recent[len(h.recent)-kept/2:]...)
	}
	close(h.changed)
	h.changed = make(chan struct{})
}

func (h *Hub) id(n int) string { return h.boot + "-" + strconv.Itoa(n) }

// Last is the ID of the latest event.
func (h *Hub) Last() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.id(h.last)
}

// After returns the events after the one with the given ID. complete is false if
// some of them are no longer kept, or if the ID is not this hub's. more is closed
// at the next event.
func (h *Hub) After(id string) (list []Event, complete bool, more <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	number, own := strings.CutPrefix(id, h.boot+"-")
	n, err := strconv.Atoi(number)
	missed := h.last - n
	if !own || err != nil || missed < 0 || missed > len(h.recent) {
		return nil, false, h.changed
	}
	return append(list, h.recent[len(h.recent)-missed:]...), true, h.changed
}

// Format returns an event in text/event-stream format.
func (e Event) Format() string {
	return fmt.Sprintf("id: %s\nevent: %s\ndata: %s\n\n", e.ID, e.Name, e.Data)
}
