package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/djok/facecraft/internal/dockertest"
)

// BenchmarkReady is how long after the server's own word, in its log, `up`
// ends. (Asking the server beside `up` would change what is measured: packets
// to a container that has no network yet delay the first ones that arrive.)
func BenchmarkReady(b *testing.B) {
	docker := dockertest.Engine(b)
	binary := dockertest.Binary(b)
	dockertest.Lite(b)
	b.Setenv("FACECRAFT_INSTANCE", dockertest.Instance(b, docker))
	b.Setenv("FACECRAFT_CLI_PORT", fmt.Sprint(dockertest.FreePort(b)))
	timed(b, binary, "pull", "--lite")
	var later, total time.Duration
	for b.Loop() {
		total += timed(b, binary, "up", "--lite", "--quiet")
		end := time.Now()
		later += end.Sub(saidReady(b, os.Getenv("FACECRAFT_INSTANCE")))
		timed(b, binary, "down", "--quiet")
	}
	n := float64(b.N)
	b.ReportMetric(float64(later.Milliseconds())/n, "ms-after-the-server")
	b.ReportMetric(float64(total.Milliseconds())/n, "ms-up")
}

// BenchmarkReadyBesideCompose is how much sooner `up` says that a server is
// ready which needs 2 s than `docker compose up --wait` does for the same
// container: that one waits for the image's health check, every 30 s.
func BenchmarkReadyBesideCompose(b *testing.B) {
	docker := dockertest.Engine(b)
	binary := dockertest.Binary(b)
	dockertest.Lite(b)
	b.Setenv("FACECRAFT_INSTANCE", dockertest.Instance(b, docker))
	b.Setenv("FACECRAFT_CLI_PORT", fmt.Sprint(dockertest.FreePort(b)))
	reference := dockertest.Stub(b, docker, "old", "2s")
	file := filepath.Join(b.TempDir(), "docker-compose.yml")
	yaml, err := exec.CommandContext(b.Context(), binary, "compose", "--image", reference).Output()
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(file, yaml, 0o644); err != nil {
		b.Fatal(err)
	}
	// The variant's health check is in Python, which this image does not have.
	own := filepath.Join(filepath.Dir(file), "docker-compose.override.yml")
	if err := os.WriteFile(own, []byte("services: {api: {healthcheck: {test: [CMD, /facecraft, check-lite]}}}\n"), 0o644); err != nil {
		b.Fatal(err)
	}
	composing := []string{"compose", "--file", file, "--file", own}
	b.Cleanup(func() { _ = exec.Command("docker", append(composing, "down", "--volumes")...).Run() })
	var up, compose time.Duration
	for b.Loop() {
		up += timed(b, binary, "up", "--image", reference, "--quiet", "--no-open")
		timed(b, binary, "down", "--quiet")
		compose += timed(b, "docker", append(composing, "up", "--wait", "--quiet-pull")...)
		timed(b, "docker", append(composing, "down", "--timeout", "1")...)
	}
	b.ReportMetric(float64(up.Milliseconds())/float64(b.N), "ms-up")
	b.ReportMetric(float64(compose.Milliseconds())/float64(b.N), "ms-compose")
	b.ReportMetric(float64(compose)/float64(up), "times-sooner")
}

// saidReady is when the server wrote that it is ready, by the daemon's clock.
func saidReady(b *testing.B, name string) time.Time {
	b.Helper()
	output, err := exec.CommandContext(b.Context(), "docker", "logs", "--timestamps", name).Output()
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(output)) {
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
	b.Fatalf("the server did not say that it is ready:\n%s", output)
	return time.Time{}
}

// BenchmarkHelp is the time to say anything at all, beside that of a program
// that does nothing.
func BenchmarkHelp(b *testing.B) {
	binary := dockertest.Binary(b)
	var help, nothing time.Duration
	for b.Loop() {
		help += timed(b, binary, "--help")
		nothing += timed(b, "true")
	}
	b.ReportMetric(float64(help.Microseconds())/1000/float64(b.N), "ms-help")
	b.ReportMetric(float64(help)/float64(nothing), "times-true")
}

// BenchmarkSecondUp is finding the running server again, beside `docker ps`.
func BenchmarkSecondUp(b *testing.B) {
	docker := dockertest.Engine(b)
	binary := dockertest.Binary(b)
	dockertest.Lite(b)
	b.Setenv("FACECRAFT_INSTANCE", dockertest.Instance(b, docker))
	b.Setenv("FACECRAFT_CLI_PORT", fmt.Sprint(dockertest.FreePort(b)))
	timed(b, binary, "up", "--lite", "--quiet")
	var up, ps time.Duration
	for b.Loop() {
		up += timed(b, binary, "up", "--quiet")
		ps += timed(b, "docker", "ps")
	}
	b.ReportMetric(float64(up.Microseconds())/1000/float64(b.N), "ms-up")
	b.ReportMetric(float64(up)/float64(ps), "times-docker-ps")
}

func timed(b *testing.B, program string, args ...string) time.Duration {
	b.Helper()
	begin := time.Now()
	if output, err := exec.CommandContext(b.Context(), program, args...).CombinedOutput(); err != nil {
		b.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, output)
	}
	return time.Since(begin)
}
