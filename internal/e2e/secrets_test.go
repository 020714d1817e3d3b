package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/djok/facecraft/internal/dockertest"
)

// TestSecrets reach the container and nothing else.
func TestSecrets(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	const inherited, filed = "sesame-of-the-environment", "sesame-of-the-file"
	file := filepath.Join(u.dir, "secrets.env")
	if err := os.WriteFile(file, []byte("# a comment\n\nFILED="+filed+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	given := []string{"--lite", "--env", "INHERITED", "--env-file", file, "--env", "OPEN=a,b=c"}
	var seen bytes.Buffer
	for _, args := range [][]string{
		append([]string{"up"}, given...),
		append([]string{"plan"}, given...),
		append([]string{"plan", "--format", "docker-run"}, given...),
		append([]string{"compose"}, given...),
		append([]string{"compose", "--target", "kubernetes"}, given...),
		{"status"}, {"logs"},
	} {
		cmd := u.with("INHERITED=" + inherited).command(args...)
		cmd.Stdout, cmd.Stderr = &seen, &seen
		lines := commandLines(t, cmd)
		if !strings.Contains(lines, cmd.Path+"\x00"+args[0]) {
			t.Errorf("facecraft %s is not in the list of processes", args[0])
		}
		seen.WriteString(lines)
	}
	c := u.server()
	for _, want := range []string{"INHERITED=" + inherited, "FILED=" + filed, "OPEN=a,b=c"} {
		if !slices.Contains(c.Config.Env, want) {
			t.Errorf("%s is not in %q", want, c.Config.Env)
		}
	}
	fmt.Fprint(&seen, c.Config.Labels)
	for _, secret := range []string{inherited, filed} {
		if strings.Contains(seen.String(), secret) {
			t.Errorf("%s can be seen:\n%s", secret, &seen)
		}
	}
	u.expect(2, []string{`the environment variable "NOWHERE" is empty or not set`}, "up", "--env", "NOWHERE")
	if err := os.WriteFile(file, []byte("KEY=-----BEGIN\n"+filed+"/+==\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused := u.expect(2, []string{"line 2 of " + file + " does not set a variable"},
		"plan", "--lite", "--env-file", file)
	if strings.Contains(refused, filed) {
		t.Errorf("a line of the file can be seen:\n%s", refused)
	}
}

// commandLines runs a command, which must succeed, and meanwhile gathers the
// command lines of all processes, as everybody on the machine can.
func commandLines(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	// A quick one could end before the loop below sees it.
	own, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", cmd.Process.Pid))
	lines.Write(own)
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		files, err := filepath.Glob("/proc/[0-9]*/cmdline")
		if err != nil || len(files) == 0 {
			dockertest.Need(t, errors.New("no /proc"), "a list of processes")
		}
		for _, file := range files {
			line, _ := os.ReadFile(file) // its process may have ended by now
			lines.Write(line)
		}
		select {
		case err := <-ended:
			if err != nil {
				t.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, cmd.Stderr)
			}
			return lines.String()
		case <-time.After(time.Millisecond):
		}
	}
}
