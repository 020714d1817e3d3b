package e2e

import (
	"os/exec"
	"strings"
	"testing"
	"time"
)

// timed is how long a command takes, which must succeed.
func timed(b *testing.B, cmd *exec.Cmd) time.Duration {
	b.Helper()
	begin := time.Now()
	if output, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, output)
	}
	return time.Since(begin)
}

func dockerCommand(b *testing.B, args ...string) *exec.Cmd {
	return exec.CommandContext(b.Context(), "docker", args...)
}

// reportMilliseconds is the mean of so many rounds.
func reportMilliseconds(b *testing.B, total time.Duration, unit string) {
	b.ReportMetric(float64(total.Microseconds())/1000/float64(b.N), unit)
}
