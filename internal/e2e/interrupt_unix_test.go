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
	"github.com/docker/docker/api/types/filters"

	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/plan"
)

// sayings is an output that can be read while it is written.
type sayings struct {
	*os.File
	path string
}

func newSayings(t *testing.T) sayings {
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

// TestInterruptReading is a command that waits for an input which never ends.
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
				waitFor(t, func() bool { // it keeps what it reads
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

// TestNoHangup goes on without its terminal where nohup says so.
func TestNoHangup(t *testing.T) {
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

// TestSecondInterrupt ends at once, at whatever moment. What is left then is
// said, with the command that removes it.
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
			// Some rounds end at any time, most while there is something to leave.
			time.Sleep(time.Duration(round) * 40 * time.Millisecond)
		} else {
			waitFor(t, func() bool { return len(u.everything()) > 0 })
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
		if u.checkLeft(said.String()) {
			told++
		}
	}
	t.Logf("%d of %d were told what is left", told, rounds)
	if told == 0 {
		t.Error("no round came to a second interruption")
	}
}

// everything are the instance's containers, those that help included.
func (u *user) everything() []container.Summary {
	u.t.Helper()
	list := u.containers()
	helpers, err := u.docker.ContainerList(u.t.Context(), container.ListOptions{All: true,
		Filters: filters.NewArgs(filters.Arg("label", plan.LabelHelper+"="+u.instance))})
	if err != nil {
		u.t.Fatal(err)
	}
	return append(list, helpers...)
}

// checkLeft compares what the daemon has, once it is done with what it was
// doing, with what was said, does what was advised, and tells whether anything
// was.
func (u *user) checkLeft(said string) bool {
	u.t.Helper()
	time.Sleep(300 * time.Millisecond)
	_, fix, told := strings.Cut(said, "fix: ")
	if left := u.everything(); len(left) > 0 && !told {
		u.t.Errorf("left without a word: %v\n%s", left, said)
	}
	for _, c := range u.containers() {
		if !strings.Contains(said, "the container "+strings.TrimPrefix(c.Names[0], "/")) {
			u.t.Errorf("%v is left, and not named:\n%s", c.Names, said)
		}
	}
	if !told {
		return false
	}
	// A volume that is gone already is no failure.
	cmd := exec.CommandContext(u.t.Context(), "sh", "-c", strings.ReplaceAll(strings.TrimSpace(fix), "&&", ";"))
	cmd.Dir, cmd.Env = u.dir, append(u.command().Env, "PATH="+filepath.Dir(dockertest.Binary(u.t))+":"+os.Getenv("PATH"))
	if output, err := cmd.CombinedOutput(); err != nil && !bytes.Contains(output, []byte("No such volume")) {
		u.t.Errorf("%s: %v\n%s", fix, err, output)
	}
	if left := len(u.everything()) + u.volumes(); left > 0 {
		u.t.Errorf("%d containers and volumes after %s", left, fix)
	}
	return true
}
