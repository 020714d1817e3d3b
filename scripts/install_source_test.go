//go:build unix

package scripts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// checkout makes a small checkout around the real install.sh.
func checkout(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "check out")
	must(t, os.MkdirAll(filepath.Join(dir, "cmd", "facecraft"), 0o755))
	text, err := os.ReadFile(script(t, "install.sh"))
	must(t, err)
	for name, content := range map[string]string{
		"install.sh": string(text),
		"go.mod":     "module example.com/facecraft\n\ngo 1.21\n",
		"cmd/facecraft/main.go": "package main\n\nvar version string\n\nfunc main() { print(\"facecraft \", version, " +
			"\"\\n\") }\n",
	} {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644))
	}
	return dir
}

// newBuilder is a machine with Go and without a network.
func newBuilder(t *testing.T, tools ...string) *machine {
	t.Helper()
	m := newMachine(t, append(slices.Clone(coreTools), tools...)...)
	m.set("PATH", m.bin+":"+filepath.Dir(lookup(t, "go")))
	cache, err := exec.Command("go", "env", "GOCACHE").Output()
	must(t, err)
	m.set("GOCACHE", strings.TrimSpace(string(cache)))
	m.set("GOPATH", t.TempDir())
	m.set("GOPROXY", "off")
	m.set("GOTOOLCHAIN", "local")
	return m
}

func (m *machine) installFromSource(dir string) outcome {
	m.t.Helper()
	got := m.sh(filepath.Join(dir, "install.sh"), "--from-source", "--prefix", "apps")
	wantSameTree(m.t, "the temporary folder", tree(m.t, m.tmp), nil)
	return got
}

func TestInstallFromSource(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tools []string
		git   string // git commands to run first
		owner string // GIT_TEST_ASSUME_DIFFERENT_OWNER
		want  string
	}{
		"without git": {want: "dev"},
		"tagged":      {tools: []string{"git"}, git: "git add . && git commit -qm first && git tag v9.8.7", want: "v9.8.7"},
		"no commit":   {tools: []string{"git"}, git: "git add .", want: "dev"},
		// git refuses it, so go build would fail if it called git.
		"somebody else's": {tools: []string{"git"}, git: "git add . && git commit -qm first", owner: "1", want: "dev"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newBuilder(t, c.tools...)
			dir := checkout(t)
			m.set("GIT_CONFIG_GLOBAL", "/dev/null")
			m.set("GIT_CONFIG_NOSYSTEM", "1")
			for _, who := range []string{"AUTHOR", "COMMITTER"} {
				m.set("GIT_"+who+"_NAME", "somebody")
				m.set("GIT_"+who+"_EMAIL", "somebody@example.com")
			}
			if c.git != "" {
				if got := m.sh("-ec", "cd \"$1\" && git init -q . && "+c.git, "sh", dir); got.code != 0 {
					t.Fatal(got.stderr)
				}
			}
			m.set("GIT_TEST_ASSUME_DIFFERENT_OWNER", c.owner)
			target := filepath.Join(m.home, "apps", "bin", "facecraft")

			got := m.installFromSource(dir)
			if got.code != 0 || got.stderr != "" {
				t.Fatalf("exit code %d, stderr:\n%s", got.code, got.stderr)
			}
			wantContains(t, "stdout", got.stdout,
				"Building facecraft "+c.want+"\n", "Installed "+target+" (facecraft "+c.want+")\n")
			info, err := os.Stat(target)
			must(t, err)
			if info.Mode().Perm() != 0o755 {
				t.Errorf("mode %v, want 0755", info.Mode())
			}
			wantContains(t, "stdout", m.installFromSource(dir).stdout, "Already up to date: "+target)
		})
	}
}

func TestInstallFromSourceFailures(t *testing.T) {
	t.Parallel()
	t.Run("no Go", func(t *testing.T) {
		t.Parallel()
		m := newMachine(t, coreTools...)
		wantRefused(t, m.installFromSource(checkout(t)), 1, "go is not on PATH", "https://go.dev/dl")
		wantSameTree(t, "the home", tree(t, m.home), nil)
	})
	t.Run("not a checkout", func(t *testing.T) {
		t.Parallel()
		m := newBuilder(t)
		dir := checkout(t)
		must(t, os.Remove(filepath.Join(dir, "go.mod")))
		wantRefused(t, m.installFromSource(dir), 1, "is not a checkout of facecraft", "git clone")
		wantSameTree(t, "the home", tree(t, m.home), nil)
	})
	t.Run("does not compile", func(t *testing.T) {
		t.Parallel()
		m := newBuilder(t)
		dir := checkout(t)
		must(t, os.WriteFile(filepath.Join(dir, "cmd", "facecraft", "main.go"),
			[]byte("package main\n\nfunc main() { wrong }\n"), 0o644))
		wantRefused(t, m.installFromSource(dir), 1, "undefined: wrong", "go build failed")
		apps := filepath.Join(m.home, "apps") // Go writes elsewhere in a home
		wantSameTree(t, apps, tree(t, apps), nil)
	})
}
