package e2e

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/djok/facecraft/internal/dockertest"
)

// TestDaemonDies while a server is started, waited for and its log followed.
// Each time that is reported within seconds, and all works again once the
// daemon is back.
func TestDaemonDies(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	daemon := dockertest.NewMortalDaemon(t)
	u = u.with("DOCKER_HOST=" + daemon.Host)
	for what, tt := range map[string]struct {
		args  []string
		after time.Duration
	}{
		"start": {[]string{"up", "--lite", "--recreate"}, 400 * time.Millisecond},
		"wait":  {[]string{"up", "--lite"}, 3 * time.Second},
		"logs":  {[]string{"logs", "--follow"}, time.Second},
	} {
		// The daemon has no network: the server is never reached.
		_ = u.command("up", "--lite", "--timeout", "10ms").Run()
		var output bytes.Buffer
		cmd := u.command(tt.args...)
		cmd.Stdout, cmd.Stderr = &output, &output
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(tt.after)
		daemon.Kill()
		begin := time.Now()
		err := cmd.Wait()
		if took := time.Since(begin); took > 10*time.Second {
			t.Errorf("%s: reported after %s", what, took)
		}
		if code := exitCode(err); code == 0 || code == -1 || !strings.Contains(output.String(), "error: ") {
			t.Errorf("%s: exit code %d\n%s", what, code, &output)
		}
		daemon.Start(t)
		u.expect(0, nil, "down")
	}
}
