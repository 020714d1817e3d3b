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

// exception matches the last line of a Python traceback, after its indented
// lines.
var exception = regexp.MustCompile(`^[A-Za-z_][\w.]*(: \S.*)?$`)

// RequestError returns the log line that says why a running server failed to
// handle a request since the given time, or "".
func (r *Runner) RequestError(ctx context.Context, s Server, since time.Time) string {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	var out strings.Builder
	_ = r.Logs(ctx, s, &out, &out,
		containers.LogOptions{Tail: strconv.Itoa(linesSearched), Since: since.Format(time.RFC3339Nano)})
	return lastException(plain(out.String()))
}

// lastException returns the last line of the last traceback in a log.
func lastException(log string) string {
	lines := strings.Split(log, "\n")
	for i, line := range slices.Backward(lines) {
		if i > 0 && strings.HasPrefix(lines[i-1], "  ") && exception.MatchString(line) {
			return strings.TrimSpace(line)
		}
	}
	return ""
}
