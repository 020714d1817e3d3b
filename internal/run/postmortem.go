package run

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"

	"github.com/djok/facecraft/internal/containers"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/plan"
)

// lastLines is how many lines of a failed server's output are shown, from the
// last linesSearched.
const lastLines, linesSearched = 20, 2000

// lookTimeout limits each request about a failed server; the daemon may have
// failed too.
const lookTimeout = 5 * time.Second

// eventsTimeout limits the search for events that the daemon may no longer
// have.
const eventsTimeout = 500 * time.Millisecond

// killed is the exit code of a process killed with SIGKILL.
const killed = 128 + 9

// postMortem is what is known about a server that died or never became ready.
type postMortem struct {
	what         string // what happened
	name         string
	variant      string
	state        *container.State // nil if the daemon does not say
	gone         bool             // the container is gone
	restarts     int
	limit        int64 // of memory, in bytes; 0 means none
	total        int64 // the daemon's memory, in bytes; 0 means unknown
	notFacecraft bool  // it answers, but is not a facecraft server
	ordered      bool  // stopped through the daemon
	words        string
	user         string   // uid:gid it runs as
	places       []string // its own directories in the container
	loading      bool     // it was never ready
	// unloadable means that the models cannot be loaded; quote is the log line
	// that says why, if any.
	unloadable bool
	quote      string
}

func (m postMortem) alive() bool {
	return m.state != nil && m.state.Running && !m.state.Restarting
}

func (m postMortem) dead() bool { return m.state != nil && !m.alive() }

// End describes how a server ended.
type End struct {
	Ended      string `json:"ended,omitempty"` // exit code and signal
	Memory     string `json:"memory,omitempty"`
	Restarts   int    `json:"restarts,omitempty"` // by the daemon
	KnownIssue string `json:"known_issue,omitempty"`
	Remedy     string `json:"remedy"`
}

// Rows returns what is known, as labelled rows.
func (e End) Rows() [][2]string {
	rows := [][2]string{{"ended", e.Ended}, {"memory", e.Memory}, {"restarts", ""}, {"known issue", e.KnownIssue}}
	if e.Restarts > 0 {
		rows[2][1] = strconv.Itoa(e.Restarts)
	}
	if e.Restarts > loopRestarts {
		rows[2][1] += ": it keeps crashing"
	}
	return slices.DeleteFunc(rows, func(row [2]string) bool { return row[1] == "" })
}

// End examines a server. If it is running, End.Ended is empty; gone means that
// the container no longer exists.
func (r *Runner) End(ctx context.Context, s Server) (end End, gone bool) {
	report := r.examine(ctx, s, "")
	return report.end(), report.gone
}

// examine gathers what is known about a failed server; did says what happened.
func (r *Runner) examine(ctx context.Context, s Server, did string) postMortem {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	name := "the server"
	if s.Gateway() {
		name = "the gateway"
	}
	if s.Replica > 0 {
		name += " " + s.Name
	}
	report := postMortem{what: name + " " + did, name: s.Name, variant: s.Variant}
	inspect, err := containers.Inspect(ctx, r.Docker, s.ID)
	report.gone = errdefs.IsNotFound(err)
	if err == nil {
		lines := r.said(ctx, s, inspect.State.StartedAt)
		report.words = lastWords(lines)
		report.loading = did == diedLoading || did == "" && !slices.ContainsFunc(lines, saysReady)
		report.user = inspect.Config.User
		for _, mount := range inspect.Mounts {
			report.places = append(report.places, mount.Destination)
		}
		report.state, report.restarts = inspect.State, inspect.RestartCount
		report.limit = inspect.HostConfig.Memory
		report.ordered = report.dead() && r.ordered(ctx, s, inspect.State.StartedAt)
	}
	if info, err := r.Docker.Info(ctx); err == nil {
		report.total = info.MemTotal
	}
	return report
}

// diedLoading is what happened to a server that was never ready.
const diedLoading = "died before it was ready"

// saysReady reports whether a log line means that the server is ready:
// uvicorn's, once the models are loaded, or the lite server's.
func saysReady(line string) bool {
	line = strings.ToLower(line)
	return strings.Contains(line, "application startup complete") || strings.Contains(line, "ready (") ||
		strings.Contains(line, "ready for requests")
}

// orders are the events of what was done through the daemon to end a container.
// They come before its death, but for Docker's ActionStop, which follows a kill.
var orders = []events.Action{events.ActionKill, events.ActionStop}

// podmanDied is Podman's word for events.ActionDie, in filters only.
const podmanDied = "died"

// ordered reports whether the container was stopped through the daemon, as with
// docker stop and docker kill, or by one more of the given actions, all of which
// leave an event. Docker keeps only the latest events (moby, daemon/events:
// eventsLimit), and Podman (4.3) returns none if given an end time.
func (r *Runner) ordered(ctx context.Context, s Server, since string, more ...events.Action) bool {
	ctx, cancel := context.WithTimeout(ctx, eventsTimeout)
	defer cancel()
	filter := filters.NewArgs(filters.Arg("container", s.ID), filters.Arg("event", string(events.ActionDie)),
		filters.Arg("event", podmanDied))
	for _, action := range append(more, orders...) {
		filter.Add("event", string(action))
	}
	messages, errs := r.Docker.Events(ctx, events.ListOptions{Since: since, Filters: filter})
	select {
	case first := <-messages:
		return first.Action != events.ActionDie
	case <-errs:
		return false
	}
}

// fault returns the report as an error, with a remedy.
func (m postMortem) fault() error {
	what, end := m.what, m.end()
	if m.quote != "" {
		what += ": " + m.quote
	}
	if table := end.table(); table != "" {
		what += "\n" + table
	}
	if m.words != "" {
		what += "\n  its last log lines:\n    " + strings.ReplaceAll(m.words, "\n", "\n    ")
	}
	return fault.New(fault.Server, end.Remedy, "%s", what)
}

func (m postMortem) end() End {
	end := End{Restarts: m.restarts, Remedy: m.remedy()}
	if m.dead() {
		end.Ended = m.ending()
	}
	if m.outOfMemory() {
		end.Memory = m.memoryText()
	}
	if known := m.known(); known != nil {
		end.KnownIssue = known.what
	}
	return end
}

func (e End) table() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range e.Rows() {
		fmt.Fprintf(w, "  %s\t%s\n", row[0], row[1])
	}
	w.Flush()
	return strings.TrimRight(b.String(), "\n")
}

func (m postMortem) ending() string {
	text := "exit code " + strconv.Itoa(m.state.ExitCode)
	if signal := signalName(m.state.ExitCode); signal != "" {
		text += ", " + signal
	}
	if m.state.Error != "" {
		text += ", " + m.state.Error
	}
	if m.ordered {
		text += ": stopped through Docker"
	}
	return text
}

// signals are the signals that kill servers, by exit code minus 128, which is
// how shells and Docker report them.
var signals = map[int]string{
	4: "SIGILL, an instruction that this processor does not have", 6: "SIGABRT", 7: "SIGBUS",
	9: "SIGKILL", 11: "SIGSEGV", 15: "SIGTERM",
}

func signalName(exitCode int) string { return signals[exitCode-128] }

// outOfMemory also suspects it if the flag is not set: with cgroup v2, old
// Docker versions miss it. A kill by another program looks the same, hence
// "probably".
func (m postMortem) outOfMemory() bool {
	return m.dead() && (m.state.OOMKilled || m.state.ExitCode == killed && !m.ordered)
}

func (m postMortem) memoryText() string {
	text := "probably killed: out of memory"
	if m.state.OOMKilled {
		text = "killed: out of memory"
	}
	if m.limit > 0 {
		text += "; its limit is " + format.Memory(m.limit)
	}
	if m.total > 0 {
		text += ", Docker has " + format.Memory(m.total)
	}
	if !m.state.OOMKilled {
		text += "; or another program killed it"
	}
	return text
}

func (m postMortem) known() *knownIssue {
	text := m.quote + "\n" + m.words
	if m.unloadable {
		text += "\n" + loadFailure
	}
	if m.state != nil {
		text += "\n" + m.state.Error
	}
	issue := recognise(text, refusals, deaths)
	if issue != nil && issue.text == permissionDenied {
		if path := forbiddenPath(text); path != "" && !under(path, m.places) {
			return imageFile(path, m.user)
		}
	}
	return issue
}

func (m postMortem) remedy() string {
	switch known := m.known(); {
	case m.outOfMemory():
		return m.memoryRemedy()
	case m.ordered:
		return "docker start " + m.name + " starts it again"
	case known != nil:
		return known.remedy
	case m.notFacecraft:
		return "name a facecraft image with --image, or leave --image out; facecraft down removes this container"
	case m.alive():
		return "it is still loading: facecraft logs -f shows its progress; --timeout waits longer; facecraft down removes it"
	}
	return keptRemedy
}

// memoryRemedy does not mention photos if none was processed.
func (m postMortem) memoryRemedy() string {
	const less = "run a smaller variant: facecraft up --recreate --lite"
	var remedies []string
	switch {
	case m.limit == 0 || m.total <= m.limit:
		remedies = append(remedies, "give Docker more memory")
	case !m.loading:
		remedies = append(remedies, "use smaller photos")
	}
	if m.variant != plan.Lite {
		remedies = append(remedies, less)
	}
	if remedies == nil {
		return keptRemedy
	}
	return strings.Join(remedies, ", or ")
}

const keptRemedy = "the container is kept: facecraft logs shows its output, facecraft down removes it"

// said returns the end of a server's output since it started, without its
// access log: readiness requests would crowd out everything else.
func (r *Runner) said(ctx context.Context, s Server, started string) (lines []string) {
	var out bytes.Buffer
	// Output that arrived before an error is still worth showing.
	_ = r.Logs(ctx, s, &out, &out, containers.LogOptions{Tail: strconv.Itoa(linesSearched), Since: since(started)})
	for line := range strings.Lines(plain(out.String())) {
		if !answered.MatchString(line) {
			lines = append(lines, line)
		}
	}
	return lines
}

// since returns the time from which a container's log belongs to its latest
// run, or "". The daemon may record the start after the server's first output.
func since(started string) string {
	at, err := time.Parse(time.RFC3339Nano, started)
	if err != nil || at.IsZero() {
		return ""
	}
	return at.Add(-time.Second).Format(time.RFC3339Nano)
}

func lastWords(lines []string) string {
	lines = lines[max(0, len(lines)-lastLines):]
	return strings.TrimRight(strings.Join(lines, ""), "\n")
}

// quoteOf returns the last line that says that the models cannot be loaded.
func quoteOf(lines []string) string {
	for _, line := range slices.Backward(lines) {
		if strings.Contains(strings.ToLower(line), loadFailure) {
			return spoken(line)
		}
	}
	return ""
}

// answered matches uvicorn's access log for a request that did not fail, or for
// a readiness request, where 503 is a valid answer.
var answered = regexp.MustCompile(`"([A-Z]+ \S+ HTTP/1\.[01]" [1-4]|GET /read(y|iness) HTTP/1\.[01]" 5)\d\d`)

// plain removes anything that could move the cursor or colour the terminal.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, escapes.ReplaceAllString(text, ""))
}

// escapes are a terminal's control sequences. (ECMA-48, 5.4)
var escapes = regexp.MustCompile("\x1b\\[[0-?]*[ -/]*[@-~]")
