// Package term writes messages to the user. The conventions:
//
//   - results go to standard output, messages to standard error;
//   - a completed step is one line with a check mark; progress is a line that
//     is rewritten or, without a terminal, a new line every few seconds;
//   - an error is "error: what happened", then "fix: what to do";
//   - colour only emphasises what the words say, and NO_COLOR turns it off.
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

// plainInterval is how often progress is printed without a terminal.
const plainInterval = 5 * time.Second

// UI writes messages to the user. It is safe for concurrent use.
type UI struct {
	err      io.Writer
	quiet    atomic.Bool
	terminal bool // lines can be rewritten
	colour   bool

	hiding sync.Mutex
	hidden []string // texts to mask, set by Hide

	mu       sync.Mutex
	live     bool      // the cursor is on a progress line
	progress time.Time // when the last progress line was printed without a terminal
}

// New returns a UI that writes to stderr. A quiet UI only prints warnings and
// errors.
func New(stderr io.Writer, getenv func(string) string, quiet bool) *UI {
	ui := &UI{err: stderr}
	ui.Hush(quiet)
	if IsTerminal(stderr) && getenv("TERM") != "dumb" && understandsEscapes(stderr) {
		ui.terminal = true
		ui.colour = wantsColour(stderr, getenv)
	}
	return ui
}

// descriptor is a stream with a file descriptor, such as *os.File.
type descriptor interface{ Fd() uintptr }

// IsTerminal reports whether a stream is a terminal.
func IsTerminal(stream any) bool {
	file, ok := stream.(descriptor)
	return ok && term.IsTerminal(int(file.Fd()))
}

// Hush turns quiet mode on or off. It may be called while others write.
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

// Done reports a completed step.
func (ui *UI) Done(format string, args ...any) {
	if !ui.quiet.Load() {
		ui.labelled(green, "✓", ui.plain(format, args...))
	}
}

// Say writes a plain line.
func (ui *UI) Say(format string, args ...any) {
	if !ui.quiet.Load() {
		ui.line(Wrap(ui.err, ui.plain(format, args...)))
	}
}

// Headline writes a line in bold.
func (ui *UI) Headline(format string, args ...any) {
	if !ui.quiet.Load() {
		ui.line(ui.paint(bold, Wrap(ui.err, ui.plain(format, args...))))
	}
}

// Table writes rows of two columns, the second dimmed.
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

// Warn reports a problem that does not stop the command.
func (ui *UI) Warn(format string, args ...any) {
	ui.labelled(yellow, "warning:", ui.plain(format, args...))
}

// Fail reports an error and how to fix it.
func (ui *UI) Fail(err error) {
	ui.labelled(red, "error:", ui.plain("%s", err.Error()))
	if hint := fault.HintOf(err); hint != "" {
		// Not wrapped, so that it can be copied.
		ui.line(ui.paint(bold, "fix:") + " " + ui.plain("%s", hint))
	}
}

// wrapLine is WrapLine on a terminal, and leaves the line unchanged elsewhere.
func (ui *UI) wrapLine(line string, indent int) string {
	if !ui.terminal {
		return line
	}
	return WrapLine(line, Width(ui.err), indent)
}

// labelled writes text with a label before the first line.
func (ui *UI) labelled(s style, label, text string) {
	first, more, _ := strings.Cut(text, "\n")
	first = ui.wrapLine(label+" "+first, utf8.RuneCountInString(label)+1)
	if more != "" {
		more = "\n" + Wrap(ui.err, more)
	}
	ui.line(ui.paint(s, label) + strings.TrimPrefix(first, label) + more)
}

// Progress shows the progress of a step. On a terminal it rewrites one line.
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

// The widths of a progress bar in cells; the narrow one is for text that has no
// room beside the other.
const barWidth, narrowBar = 16, 4

// ProgressBar is Progress with a bar on a terminal, and a percentage elsewhere.
// If the total is unknown (0), there is neither.
func (ui *UI) ProgressBar(done, total int64, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if total > 0 {
		share := min(1, float64(done)/float64(total))
		percent := fmt.Sprintf("%3.0f %%", math.Floor(100*share))
		if ui.terminal {
			width := barWidth
			if room := Width(ui.err) - len(" 100 %  "); utf8.RuneCountInString(text)+width >= room {
				width = narrowBar
			}
			full := int(share * float64(width))
			percent = strings.Repeat("█", full) + strings.Repeat("░", width-full) + " " + percent
		}
		text = percent + "  " + text
	}
	ui.Progress("%s", text)
}

// Clear removes the progress line before something else writes to the terminal.
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
	ui.progress = time.Time{} // print the next progress line at once
	fmt.Fprintln(ui.err, text)
}

// fit truncates a line to the terminal's width: a wrapped line could not be
// rewritten.
func (ui *UI) fit(text string) string {
	width := Width(ui.err)
	runes := []rune(text)
	if len(runes) < width {
		return text
	}
	return string(runes[:width-2]) + "…"
}
