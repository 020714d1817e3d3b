package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// BenchmarkReady measures how long `up` takes to end after the server's log
// says that it is ready. (Asking the server beside `up` would change what is
// measured: packets to a container that has no network yet delay the first
// ones that arrive.)
func BenchmarkReady(b *testing.B) {
	u := newUser(b)
	u.run("pull", "--lite")
	var later, total time.Duration
	for b.Loop() {
		total += timed(b, u.command("up", "--lite", "--quiet"))
		end := time.Now()
		later += end.Sub(saidReady(b, u.instance))
		u.run("down", "--quiet")
	}
	reportMilliseconds(b, later, "ms-after-the-server")
	reportMilliseconds(b, total, "ms-up")
}

// saidReady is when the server wrote that it is ready, by the daemon's clock.
func saidReady(b *testing.B, name string) time.Time {
	b.Helper()
	log := output(b, dockerCommand(b, "logs", "--timestamps", name))
	for line := range strings.Lines(log) {
		stamp, text, _ := strings.Cut(line, " ")
		if !strings.Contains(text, "INFO:     ready") {
			continue
		}
		at, err := time.Parse(time.RFC3339Nano, stamp)
		if err != nil {
			b.Fatal(err)
		}
		return at
	}
	b.Fatalf("the server did not say that it is ready:\n%s", log)
	return time.Time{}
}

// healthCheck replaces that of the variant, which is in Python: the lite
// image has none.
const healthCheck = "services: {api: {healthcheck: {test: [CMD, /facecraft, check-lite]}}}\n"

// BenchmarkReadyBesideCompose measures how much sooner `up` reports a server
// that needs 2 s than `docker compose up --wait` does for the same container:
// Compose waits for the image's health check, every 30 s.
func BenchmarkReadyBesideCompose(b *testing.B) {
	u := newUser(b)
	reference := u.stub("old", "2s")
	file := filepath.Join(u.dir, "docker-compose.yml")
	u.run("compose", "--image", reference, "--output", file)
	override := filepath.Join(u.dir, "docker-compose.override.yml")
	if err := os.WriteFile(override, []byte(healthCheck), 0o644); err != nil {
		b.Fatal(err)
	}
	composing := []string{"compose", "--file", file, "--file", override}
	b.Cleanup(func() { _ = exec.Command("docker", append(composing, "down", "--volumes")...).Run() })
	var up, compose time.Duration
	for b.Loop() {
		up += timed(b, u.command("up", "--image", reference, "--quiet", "--no-open"))
		u.run("down", "--quiet")
		compose += timed(b, dockerCommand(b, append(composing, "up", "--wait", "--quiet-pull")...))
		output(b, dockerCommand(b, append(composing, "down", "--timeout", "1")...))
	}
	reportMilliseconds(b, up, "ms-up")
	reportMilliseconds(b, compose, "ms-compose")
	b.ReportMetric(float64(compose)/float64(up), "times-sooner")
}

// BenchmarkSecondUp finds the running server again, beside `docker ps`.
func BenchmarkSecondUp(b *testing.B) {
	u := newUser(b)
	u.run("up", "--lite", "--quiet")
	var up, ps time.Duration
	for b.Loop() {
		up += timed(b, u.command("up", "--quiet"))
		ps += timed(b, dockerCommand(b, "ps"))
	}
	reportMilliseconds(b, up, "ms-up")
	b.ReportMetric(float64(up)/float64(ps), "times-docker-ps")
}
