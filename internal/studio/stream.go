package studio

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/djok/facecraft/internal/studio/events"
	"github.com/djok/facecraft/internal/studio/guard"
)

// heartbeat is how often to send something on an idle stream.
const heartbeat = 15 * time.Second

func (s *Studio) serveState(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	v := s.view()
	s.mu.Unlock()
	guard.Answer(w, http.StatusOK, v)
}

// stream sends events. A page that reconnects first gets those it missed; any
// other page first gets the whole state.
func (s *Studio) stream(w http.ResponseWriter, r *http.Request, ended <-chan struct{}) {
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	last := r.Header.Get("Last-Event-ID")
	for {
		list, complete, more := s.events.After(last)
		if !complete {
			list = []events.Event{s.snapshot()}
		}
		for _, event := range list {
			if _, err := io.WriteString(w, event.Format()); err != nil {
				return
			}
			last = event.ID
		}
		if out.Flush() != nil {
			return
		}
		if len(list) > 0 {
			continue
		}
		select {
		case <-more:
		case <-time.After(heartbeat):
			fmt.Fprint(w, ": \n\n")
		case <-r.Context().Done():
			return
		case <-ended:
			s.farewell(w, out, last)
			return
		}
	}
}

// farewell sends the last events.
func (s *Studio) farewell(w io.Writer, out *http.ResponseController, last string) {
	list, _, _ := s.events.After(last)
	for _, event := range list {
		_, _ = io.WriteString(w, event.Format()) // best effort
	}
	_ = out.Flush()
}

// snapshot is the state as an event. Nothing is sent while it is taken, so the
// events after it are exactly the later changes.
func (s *Studio) snapshot() events.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, err := json.Marshal(s.view())
	if err != nil {
		panic(err) // a bug in this program
	}
	return events.Event{ID: s.events.Last(), Name: "state", Data: text}
}
