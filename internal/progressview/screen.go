// Package progressview shows the progress of pulls and starts: lines on a terminal
// for people, lines of JSON for scripts.
package progressview

import (
	"fmt"
	"time"

	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/progress"
	"github.com/djok/facecraft/internal/term"
)

// Screen shows events on a terminal.
type Screen struct{ UI *term.UI }

// Show shows one event.
func (s Screen) Show(e progress.Event) {
	switch e.Stage {
	case progress.Pulling:
		s.UI.ProgressBar(e.Done, e.Total, "%s", downloading(e))
	case progress.Unpacking:
		s.UI.ProgressBar(e.Done, e.Total, "Unpacking %s", e.Subject)
	case progress.Retrying:
		s.UI.Warn("%s; retrying in %s", e.Subject, e.Left)
	case progress.Kept:
		s.UI.Say("Kept %s of it for the next try; delete it with docker rmi %s", format.Size(e.Done), e.Subject)
	case progress.Cached:
		s.UI.Say("Kept %s in %s\nRun the same command to continue, or delete it with facecraft pull --forget",
			format.Size(e.Done), e.Subject)
	case progress.Busy:
		s.UI.Say("Waiting for another facecraft to finish downloading")
	case progress.Loading:
		s.UI.Progress("Loading %s", e.Subject)
	case progress.Starting:
		s.UI.Progress("Starting container %s", e.Subject)
	case progress.Unproven:
		s.UI.Warn("cannot determine whether the server can write to its files: %s", e.Subject)
	case progress.Died:
		s.UI.Warn("%s\nrestarting it", e.Subject)
	case progress.Waiting:
		usually := ""
		if e.Total > 0 {
			usually = ", usually about " + seconds(e.Total)
		}
		s.UI.Progress("%s%s: %s", seconds(e.Done), usually, waitingFor(e.Subject))
	}
}

func seconds(n int64) string { return format.InSeconds(time.Duration(n) * time.Second) }

// waitingFor says what the server is doing, as far as its log shows.
func waitingFor(line string) string {
	if line == "" {
		return "waiting for the server"
	}
	return line
}

// downloading describes a pull in a line that fits next to a short bar on a
// terminal of 80 columns.
func downloading(e progress.Event) string {
	text := "Pulling " + e.Subject
	if e.Total > 0 {
		text = fmt.Sprintf("%s of %s", format.Size(e.Done), format.Size(e.Total))
	}
	if e.Rate > 0 {
		text += fmt.Sprintf(", %s/s", format.Size(e.Rate))
	}
	if e.Connections > 0 {
		text += ", " + format.Count(e.Connections, "conn", "conns")
	}
	if e.Left > 0 {
		text += fmt.Sprintf(", %s left", format.Duration(e.Left))
	}
	if e.Unpacked > 0 {
		text += fmt.Sprintf(", %s unpacked", format.Size(e.Unpacked))
	}
	return text
}
