package processview

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/djok/facecraft/internal/batch"
	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/term"
)

// Waiting shows what is taking long.
func (v *View) Waiting(w batch.Wait) {
	v.mu.Lock()
	defer v.mu.Unlock()
	text := format.InSeconds(w.For) + ": " + waitText(w)
	if v.total > 1 && !v.Watching {
		text = v.counts() + " · " + text
	}
	v.UI.Progress("%s", text)
}

func waitText(w batch.Wait) string {
	name := term.Name(filepath.Base(w.Photo))
	switch w.Phase {
	case batch.Sending:
		return "sending " + name + " to " + w.Server
	case batch.Working:
		return w.Server + " is working on " + name
	case batch.Fetching:
		return "fetching the portrait of " + name + " from " + w.Server
	case batch.Pausing:
		return w.Server + " asked for a pause"
	}
	return "waiting for " + w.Server + " to answer again"
}

// progress rewrites the progress line.
func (v *View) progress() {
	if v.total < 2 || v.Watching {
		return
	}
	text := v.counts()
	if elapsed := time.Since(v.begun); v.finished > 0 && elapsed > time.Second {
		rate := float64(v.finished) / elapsed.Seconds()
		left := time.Duration(float64(v.total-v.done-v.kept-v.failed()) / rate * float64(time.Second))
		text += fmt.Sprintf(" · %.1f a second · %s left", rate, format.Elapsed(left))
	}
	v.UI.Progress("%s", text)
}

func (v *View) counts() string {
	text := fmt.Sprintf("%d of %d", v.done+v.kept+v.failed(), v.total)
	if failed := v.failed(); failed > 0 {
		text += fmt.Sprintf(", %d without a portrait", failed)
	}
	return text
}

func (v *View) failed() (n int) {
	for _, list := range v.failures {
		n += len(list)
	}
	return n
}
