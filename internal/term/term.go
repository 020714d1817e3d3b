// Package term speaks with the person at the terminal. The program's voice:
//
//   - results go to standard output, everything said to people to standard
//     error;
//   - a step that is done is one line with a check mark; a step that takes
//     time has one line that is rewritten, or, without a terminal, a new line
//     every few seconds;
//   - an error is "error: what happened", then "fix: the one thing to do";
//   - colour only underlines what the words say, and NO_COLOR ends it.
package term

import (
	"fmt"
	"io"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/djok/facecraft/internal/fault"
)

// plainInterval is how often a lasting step is mentioned without a terminal.
const plainInterval = 5 * time.Second

// UI writes to the person. It is safe for concurrent use.
type UI struct {
	err      io.Writer
	quiet    atomic.Bool
	terminal bool // lines may be rewritten
	colour   bool

	hiding sync.Mutex
	hidden []string // as Hide has them

	mu       sync.Mutex
	live     bool      // the line under the cursor is a progress line
	progress time.Time // when a plain progress line was last written
}

// New makes a UI that writes to stderr. A quiet one leaves out everything but
// warnings and errors.
func New(stderr io.Writer, getenv func(string) string, quiet bool) *UI {
	ui := &UI{err: stderr}
	ui.Hush(quiet)
	if IsTerminal(stderr) && getenv("TERM") != "dumb" {
		ui.terminal = true
		ui.colour = wantsColour(stderr, getenv)
	}
	return ui
}

// descriptor is a stream of the system's, such as *os.File.
type descriptor interface{ Fd() uintptr }

// IsTerminal tells whether a stream is one.
func IsTerminal(stream any) bool {
	file, ok := stream.(descriptor)
	return ok && term.IsTerminal(int(file.Fd()))
}

// Hush makes a UI quiet, or not, also while others write to it.
func (ui *UI) Hush(quiet bool) { ui.quiet.Store(quiet) }

type style string

const (
	bold   style = "1"
	dim    style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
)

func (ui *UI) paint(s style, text string) string {
	return paint(ui.colour, s, text)
}

// Done says that a step is done.
func (ui *UI) Done(format string, args ...any) {
	if !ui.quiet.Load() {
		ui.labelled(green, "✓", ui.plain(format, args...))
	}
}

// Say writes one line as it is.
func (ui *UI) Say(format string, args ...any) {
	if !ui.quiet.Load() {
		ui.line(Wrap(ui.err, ui.plain(format, args...)))
	}
}

// Headline writes one line that stands out.
func (ui *UI) Headline(format string, args ...any) {
	if !ui.quiet.Load() {
		ui.line(ui.paint(bold, Wrap(ui.err, ui.plain(format, args...))))
	}
}

// Table writes rows of two columns, the first underlined by colour.
func (ui *UI) Table(rows [][2]string) {
	if ui.quiet.Load() {
		return
	}
	width := 0
	for _, row := range rows {
		width = max(width, utf8.RuneCountInString(row[0]))
	}
	for _, row := range rows {
		row = [2]string{ui.plain("%s", row[0]), ui.plain("%s", row[1])}
		padding := strings.Repeat(" ", width-utf8.RuneCountInString(row[0]))
		first := "  " + row[0] + padding + "  "
		line := ui.wrapLine(first+row[1], width+4)
		ui.line(first + ui.paint(dim, strings.TrimPrefix(line, first)))
	}
}

// Warn says what the person should know although it works.
func (ui *UI) Warn(format string, args ...any) {
	ui.labelled(yellow, "warning:", ui.plain(format, args...))
}

// Fail reports an error and its remedy.
func (ui *UI) Fail(err error) {
	ui.labelled(red, "error:", ui.plain("%s", err.Error()))
	if hint := fault.HintOf(err); hint != "" {
		// Not broken: it is to be copied.
		ui.line(ui.paint(bold, "fix:") + " " + ui.plain("%s", hint))
	}
}

// wrapLine is WrapLine for a terminal, and leaves a line whole elsewhere.
func (ui *UI) wrapLine(line string, indent int) string {
	if !ui.terminal {
		return line
	}
	return WrapLine(line, Width(ui.err), indent)
}

// labelled writes a text whose first line begins with a label.
func (ui *UI) labelled(s style, label, text string) {
	first, more, _ := strings.Cut(text, "\n")
	first = ui.wrapLine(label+" "+first, utf8.RuneCountInString(label)+1)
	if more != "" {
		more = "\n" + Wrap(ui.err, more)
	}
	ui.line(ui.paint(s, label) + strings.TrimPrefix(first, label) + more)
}

// Progress shows how a lasting step goes. On a terminal it rewrites one line.
func (ui *UI) Progress(format string, args ...any) {
	if ui.quiet.Load() {
		return
	}
	ui.mu.Lock()
	defer ui.mu.Unlock()
	text := ui.plain(format, args...)
	if ui.terminal {
		fmt.Fprint(ui.err, "\r\x1b[K", ui.paint(dim, ui.fit(text)))
		ui.live = true
		return
	}
	if time.Since(ui.progress) >= plainInterval {
		fmt.Fprintln(ui.err, text)
		ui.progress = time.Now()
	}
}

// barWidth is how many cells a progress bar takes.
const barWidth = 16

// ProgressBar is Progress with a bar before the text on a terminal, and a
// percentage elsewhere. A total of 0 is not known, and has neither.
func (ui *UI) ProgressBar(done, total int64, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if total > 0 {
		share := min(1, float64(done)/float64(total))
		percent := fmt.Sprintf("%3.0f %%", math.Floor(100*share))
		if ui.terminal {
			full := int(share * barWidth)
			percent = strings.Repeat("█", full) + strings.Repeat("░", barWidth-full) + " " + percent
		}
		text = percent + "  " + text
	}
	ui.Progress("%s", text)
}

// Clear removes the progress line, before something else writes to the
// terminal.
func (ui *UI) Clear() {
	ui.mu.Lock()
	defer ui.mu.Unlock()
	ui.clear()
}

func (ui *UI) clear() {
	if ui.live {
		fmt.Fprint(ui.err, "\r\x1b[K")
		ui.live = false
	}
}

func (ui *UI) line(text string) {
	ui.mu.Lock()
	defer ui.mu.Unlock()
	ui.clear()
	ui.progress = time.Time{} // the next step is mentioned at once
	fmt.Fprintln(ui.err, text)
}

// fit shortens a line to the terminal's width: a wrapped line could not be
// rewritten.
func (ui *UI) fit(text string) string {
	width := Width(ui.err)
	runes := []rune(text)
	if len(runes) < width {
		return text
	}
	return string(runes[:width-2]) + "…"
}
