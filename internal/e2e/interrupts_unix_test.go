//go:build unix

package e2e

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/djok/facecraft/internal/dockertest"
)

// sayings is an output that can be read while it is being written.
type sayings struct {
	*os.File
	path string
}

func newSayings(t testing.TB) sayings {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "said")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return sayings{file, file.Name()}
}

func (s sayings) String() string {
	data, _ := os.ReadFile(s.path)
	return string(data)
}

// TestInterruptReading has a command that reads an input which never ends.
func TestInterruptReading(t *testing.T) {
	t.Parallel()
	binary := dockertest.Binary(t)
	for name, tt := range map[string]struct {
		signal os.Signal
		args   []string
	}{
		"Ctrl-C":             {os.Interrupt, []string{"process", "@-"}},
		"SIGTERM":            {syscall.SIGTERM, []string{"process", "@-"}},
		"a lost terminal":    {syscall.SIGHUP, []string{"process", "@-"}},
		"a photo in a pipe":  {os.Interrupt, []string{"process", "-"}},
		"an image in a pipe": {os.Interrupt, []string{"load", "-"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tt.args[0] == "load" {
				dockertest.Engine(t)
			}
			cmd := exec.CommandContext(t.Context(), binary, tt.args...)
			spool := t.TempDir()
			cmd.Env = append(os.Environ(), "TMPDIR="+spool)
			said := newSayings(t)
			cmd.Stdout, cmd.Stderr = said, said
			stdin, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			defer stdin.Close()
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if tt.args[0] == "load" {
				waitFor(t, func() bool { // it spools what it reads
					files, err := os.ReadDir(spool)
					return err == nil && len(files) > 0
				})
			} else if _, err := io.WriteString(stdin, strings.Repeat("a name\n", 20_000)); err != nil {
				t.Fatal(err) // more than a pipe holds: what was written has been read
			}
			begin := time.Now()
			if err := cmd.Process.Signal(tt.signal); err != nil {
				t.Fatal(err)
			}
			if code := exitCode(cmd.Wait()); code != 130 {
				t.Errorf("exit code %d, want 130", code)
			}
			if took := time.Since(begin); took > 2*time.Second {
				t.Errorf("ended after %s", took)
			}
			if want := "Stopping…\nerror: interrupted\n"; said.String() != want {
				t.Errorf("said %q, want %q", said, want)
			}
			if left, err := os.ReadDir(spool); err != nil || len(left) > 0 {
				t.Errorf("left in the temporary directory: %v %v", left, err)
			}
		})
	}
}

// TestNohup keeps running without its terminal where SIGHUP is ignored.
func TestNohup(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", `trap '' HUP; exec "$0" process @-`, dockertest.Binary(t))
	var said bytes.Buffer
	cmd.Stderr = &said
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(stdin, strings.Repeat("\n", 100_000)); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond) // the signal comes before the end of the input
	stdin.Close()
	if code := exitCode(cmd.Wait()); code != 2 || !strings.Contains(said.String(), "no photo to process") {
		t.Errorf("exit code %d\n%s", code, &said)
	}
}

// TestSecondInterrupt ends at once, at any moment. What is left is named, with
// the command that removes it.
func TestSecondInterrupt(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	image := u.stub("silent")
	u.run("pull", "--lite") // the helper image
	told := 0
	const rounds = 12
	for round := range rounds {
		cmd := u.command("up", "--image", image)
		said := newSayings(t)
		cmd.Stderr = said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if round%3 == 0 {
			// Some rounds end at any time, most while there is something to leave behind.
			time.Sleep(time.Duration(round) * 40 * time.Millisecond)
		} else {
			waitFor(t, func() bool { return len(everything(u)) > 0 })
		}
		for range 2 {
			if err := cmd.Process.Signal(os.Interrupt); err != nil && round%3 != 0 {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Millisecond)
		}
		if code := exitCode(cmd.Wait()); code != 130 && code != -1 {
			t.Errorf("exit code %d, want 130\n%s", code, said)
		}
		if checkLeft(u, said.String()) {
			told++
		}
	}
	t.Logf("%d of %d rounds named what was left", told, rounds)
	if told == 0 {
		t.Error("in no round was anything left to name")
	}
}

// everything is all of the instance's containers, helpers included.
func everything(u *user) []container.Summary {
	u.t.Helper()
	return append(u.containers(), u.helpers()...)
}

// checkLeft compares what was said with what the daemon has, once that has
// finished what it was doing. It follows the advice, and reports whether there
// was any.
func checkLeft(u *user, said string) bool {
	u.t.Helper()
	time.Sleep(300 * time.Millisecond)
	_, fix, told := strings.Cut(said, "fix: ")
	if left := everything(u); len(left) > 0 && !told {
		u.t.Errorf("left without being named: %v\n%s", left, said)
	}
	for _, c := range u.containers() {
		if !strings.Contains(said, "the container "+strings.TrimPrefix(c.Names[0], "/")) {
			u.t.Errorf("%v was left, and not named:\n%s", c.Names, said)
		}
	}
	if !told {
		return false
	}
	// A volume that is already gone is not a failure.
	cmd := exec.CommandContext(u.t.Context(), "sh", "-c", strings.ReplaceAll(strings.TrimSpace(fix), "&&", ";"))
	cmd.Dir = u.dir
	cmd.Env = append(u.command().Env, "PATH="+filepath.Dir(dockertest.Binary(u.t))+":"+os.Getenv("PATH"))
	if output, err := cmd.CombinedOutput(); err != nil && !bytes.Contains(output, []byte("No such volume")) {
		u.t.Errorf("%s: %v\n%s", fix, err, output)
	}
	if left := len(everything(u)) + u.volumes(); left > 0 {
		u.t.Errorf("%d containers and volumes after %s", left, fix)
	}
	return true
}
