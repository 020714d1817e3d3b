package e2e

import (
	"os/exec"
	"testing"
	"time"

	"github.com/djok/facecraft/internal/dockertest"
)

// BenchmarkHelp measures the time to say anything at all, beside a program
// that does nothing.
func BenchmarkHelp(b *testing.B) {
	binary := dockertest.Binary(b)
	var help, nothing time.Duration
	for b.Loop() {
		help += timed(b, exec.CommandContext(b.Context(), binary, "--help"))
		nothing += timed(b, exec.CommandContext(b.Context(), "true"))
	}
	reportMilliseconds(b, help, "ms-help")
	b.ReportMetric(float64(help)/float64(nothing), "times-true")
}

// BenchmarkCompose measures the time to look at the machine and write the
// file, beside `docker info`, which is one look.
func BenchmarkCompose(b *testing.B) {
	u := newUser(b)
	var compose, info time.Duration
	for b.Loop() {
		compose += timed(b, u.command("compose"))
		info += timed(b, dockerCommand(b, "info"))
	}
	reportMilliseconds(b, compose, "ms-compose")
	b.ReportMetric(float64(compose)/float64(info), "times-docker-info")
}
