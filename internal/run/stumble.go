package run

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/djok/facecraft/internal/containers"
)

// exception is how a Python traceback ends, after its indented lines.
var exception = regexp.MustCompile(`^[A-Za-z_][\w.]*(: \S.*)?$`)

// Stumble is the line of a living server's log that says why it failed over a
// request since a time, or "".
func (r *Runner) Stumble(ctx context.Context, s Server, since time.Time) string {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	var out strings.Builder
	_ = r.Logs(ctx, s, &out, &out, containers.LogOptions{Tail: strconv.Itoa(linesSearched), Since: since.Format(time.RFC3339Nano)})
	return lastException(plain(out.String()))
}

// lastException finds what ended the last traceback of a log.
func lastException(log string) string {
	lines := strings.Split(log, "\n")
	for i, line := range slices.Backward(lines) {
		if i > 0 && strings.HasPrefix(lines[i-1], "  ") && exception.MatchString(line) {
			return strings.TrimSpace(line)
		}
	}
	return ""
}
