package events

import (
	"fmt"
	"strings"
	"testing"
)

// TestAfter: a page gets exactly what it missed, or is told that it cannot.
func TestAfter(t *testing.T) {
	t.Parallel()
	h := New()
	start := h.Last()
	for i := range 3 {
		h.Send("photo", i)
	}
	list, complete, _ := h.After(start)
	if !complete || len(list) != 3 || string(list[0].Data) != "0" || list[2].ID != h.Last() {
		t.Errorf("%+v, complete %t", list, complete)
	}
	list, complete, more := h.After(h.Last())
	if !complete || len(list) != 0 {
		t.Errorf("nothing new: %+v, complete %t", list, complete)
	}
	select {
	case <-more:
		t.Error("told of an event before there was one")
	default:
	}
	h.Send("photo", 3)
	<-more
	for _, id := range []string{"", "x", New().Last(), h.boot + "-99", h.boot + "--1"} {
		if list, complete, _ := h.After(id); complete || len(list) != 0 {
			t.Errorf("after %q: %+v, complete %t", id, list, complete)
		}
	}
}

// TestForgets: old events are dropped, and not passed over in silence.
func TestForgets(t *testing.T) {
	t.Parallel()
	h := New()
	start := h.Last()
	for i := range 2 * kept {
		h.Send("photo", i)
	}
	if _, complete, _ := h.After(start); complete {
		t.Error("as if all events were still kept")
	}
	if list, complete, _ := h.After(h.id(2*kept - kept/2)); !complete || len(list) != kept/2 {
		t.Errorf("%d recent events, complete %t", len(list), complete)
	}
	if len(h.recent) > kept {
		t.Errorf("%d events are kept", len(h.recent))
	}
}

// TestFormat: a text with line breaks is one event.
func TestFormat(t *testing.T) {
	t.Parallel()
	h := New()
	h.Send("notice", "one\n\nevent: two")
	list, _, _ := h.After(h.id(0))
	want := fmt.Sprintf("id: %s\nevent: notice\ndata: \"one\\n\\nevent: two\"\n\n", h.Last())
	if got := list[0].Format(); got != want || strings.Count(got, "\n") != 4 {
		t.Errorf("%q, want %q", got, want)
	}
}
