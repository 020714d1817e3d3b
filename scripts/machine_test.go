//go:build unix

// Package scripts_test runs the project's shell scripts as a user would, each
// test on a miniature machine: a PATH with only the tools the test put there, a
// home and a temporary directory.
package scripts_test

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// coreTools are the tools install.sh expects on every machine.
var coreTools = []string{
	"awk", "cat", "chmod", "cmp", "cp", "cut", "dirname", "gzip", "head", "mkdir",
	"mktemp", "mv", "rm", "sed", "sh", "tail", "tar", "uname",
}

// machine is one miniature machine.
type machine struct {
	t              *testing.T
	bin, home, tmp string
	shell          string // the strictest one available, as sh is often bash
	env            []string
}

func newMachine(t *testing.T, tools ...string) *machine {
	t.Helper()
	root := t.TempDir()
	m := &machine{
		t:   t,
		bin: filepath.Join(root, "bin"), home: filepath.Join(root, "home"), tmp: filepath.Join(root, "tmp"),
	}
	for _, dir := range []string{m.bin, m.home, m.tmp} {
		must(t, os.Mkdir(dir, 0o755))
	}
	m.shell = lookup(t, "sh")
	if dash, err := exec.LookPath("dash"); err == nil {
		m.shell = dash
	}
	m.link(tools...)
	m.set("PATH", m.bin)
	m.set("HOME", m.home)
	m.set("TMPDIR", m.tmp)
	return m
}

// link puts real tools on the machine's PATH.
func (m *machine) link(tools ...string) {
	m.t.Helper()
	for _, tool := range tools {
		must(m.t, os.Symlink(lookup(m.t, tool), filepath.Join(m.bin, tool)))
	}
}

// stub puts a shell script on the machine's PATH. It replaces a link to a real
// tool instead of writing through it.
func (m *machine) stub(name, script string) {
	m.t.Helper()
	file := filepath.Join(m.bin, name)
	must(m.t, os.RemoveAll(file))
	writeProgram(m.t, file, script)
}

func (m *machine) set(name, value string) { m.env = append(m.env, name+"="+value) }

// outcome is the result of running a script.
type outcome struct {
	code           int
	stdout, stderr string
}

func (m *machine) command(args ...string) *exec.Cmd {
	cmd := exec.Command(m.shell, args...)
	cmd.Env = m.env
	cmd.Dir = m.home
	return cmd
}

// sh runs the shell with these arguments.
func (m *machine) sh(args ...string) outcome {
	m.t.Helper()
	return finish(m.t, m.command(args...))
}

func finish(t *testing.T, cmd *exec.Cmd) outcome {
	t.Helper()
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// must ends the test on an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// lookup finds a tool, or skips the test.
func lookup(t *testing.T, tool string) string {
	t.Helper()
	found, err := exec.LookPath(tool)
	if err != nil {
		if os.Getenv("FACECRAFT_E2E") == "required" {
			t.Fatalf("%s is not installed, and FACECRAFT_E2E=required", tool)
		}
		t.Skipf("%s is not installed", tool)
	}
	found, err = filepath.Abs(found)
	must(t, err)
	return found
}

// script returns the path of a script. Reading it makes changes to it invalidate
// cached test results.
func script(t *testing.T, name string) string {
	t.Helper()
	file, err := filepath.Abs(filepath.Join("..", name))
	must(t, err)
	_, err = os.ReadFile(file)
	must(t, err)
	return file
}

// writeProgram writes an executable. No process may be forked while the file is
// open for writing: it would inherit the descriptor, and running the program
// would fail with "text file busy".
func writeProgram(t *testing.T, file, text string) {
	t.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	must(t, os.WriteFile(file, []byte(text), 0o755))
	must(t, os.Chmod(file, 0o755))
}

// tree returns the mode and content of every file in a directory, or nothing if
// the directory does not exist.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() && file == dir {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		var content []byte
		if info.Mode().IsRegular() {
			if content, err = os.ReadFile(file); err != nil {
				return err
			}
		}
		name, err := filepath.Rel(dir, file)
		files[name] = fmt.Sprintf("%v %s", info.Mode(), content)
		return err
	})
	if !errors.Is(err, fs.ErrNotExist) {
		must(t, err)
	}
	return files
}

func wantSameTree(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	if !maps.Equal(got, want) {
		t.Errorf("%s holds %q, want %q", what, got, want)
	}
}

func wantContains(t *testing.T, what, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%s does not contain %q:\n%s", what, part, text)
		}
	}
}

func TestShellcheck(t *testing.T) {
	t.Parallel()
	shellcheck := lookup(t, "shellcheck")
	var scripts []string
	must(t, filepath.WalkDir("..", func(file string, entry fs.DirEntry, err error) error {
		if entry != nil && entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "testdata") {
			return filepath.SkipDir
		}
		if filepath.Ext(file) == ".sh" {
			scripts = append(scripts, file)
		}
		return err
	}))
	if !slices.Contains(scripts, filepath.Join("..", "install.sh")) {
		t.Fatalf("install.sh is not among %q", scripts)
	}
	if got := finish(t, exec.Command(shellcheck, scripts...)); got.code != 0 {
		t.Errorf("shellcheck:\n%s%s", got.stdout, got.stderr)
	}
}
