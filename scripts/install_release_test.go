//go:build unix

package scripts_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

var (
	platforms = []string{"linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64"}
	platform  = runtime.GOOS + "_" + runtime.GOARCH
)

func archiveName(platform string) string { return "facecraft_" + platform + ".tar.gz" }

// program is the facecraft of a fake release.
func program(tag, platform string) string {
	return "#!/bin/sh\n[ \"$*\" = version ] && echo facecraft " + tag + " " + platform + "\n"
}

// releases is a server with the layout of GitHub's: two releases, of which
// v1.3.0 is the latest.
type releases struct {
	*httptest.Server
	downloads atomic.Int32

	mu       sync.Mutex                  // guards what follows
	files    map[string][]byte           // by path
	override map[string]http.HandlerFunc // by name
}

// change changes the files on the server.
func (r *releases) change(to func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	to()
}

func newReleases(t *testing.T) *releases {
	t.Helper()
	r := &releases{files: map[string][]byte{}, override: map[string]http.HandlerFunc{}}
	for _, tag := range []string{"v1.2.3", "v1.3.0"} {
		var sums strings.Builder
		for _, platform := range platforms {
			archive := packed(t, program(tag, platform))
			fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(archive), archiveName(platform))
			r.files["/download/"+tag+"/"+archiveName(platform)] = archive
		}
		r.files["/download/"+tag+"/checksums.txt"] = []byte(sums.String())
	}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *releases) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.downloads.Add(1)
	name := path.Base(req.URL.Path)
	if req.URL.Path == "/latest/download/"+name {
		http.Redirect(w, req, "/download/v1.3.0/"+name, http.StatusFound)
		return
	}
	r.mu.Lock()
	content, found := r.files[req.URL.Path]
	override := r.override[name]
	r.mu.Unlock()
	switch {
	case override != nil:
		override(w, req)
	case found:
		_, _ = w.Write(content)
	default:
		http.NotFound(w, req)
	}
}

// packed returns an archive like those made by scripts/release.sh.
func packed(t *testing.T, program string) []byte {
	t.Helper()
	var archive bytes.Buffer
	zipped := gzip.NewWriter(&archive)
	w := tar.NewWriter(zipped)
	for _, file := range []struct {
		name, content string
		mode          int64
	}{
		{"facecraft", program, 0o755},
		{"LICENSE", "licence\n", 0o644},
		{"README.md", "readme\n", 0o644},
	} {
		must(t, w.WriteHeader(&tar.Header{Name: file.name, Mode: file.mode, Size: int64(len(file.content))}))
		_, err := io.WriteString(w, file.content)
		must(t, err)
	}
	must(t, w.Close())
	must(t, zipped.Close())
	return archive.Bytes()
}

// newInstaller is a machine that can install from a release server.
func newInstaller(t *testing.T, r *releases, tools ...string) *machine {
	t.Helper()
	m := newMachine(t, append(slices.Clone(coreTools), tools...)...)
	m.set("FACECRAFT_RELEASES", r.URL)
	return m
}

// install runs install.sh, which must never leave a temporary file behind.
func (m *machine) install(args ...string) outcome {
	m.t.Helper()
	got := m.sh(append([]string{script(m.t, "install.sh")}, args...)...)
	wantSameTree(m.t, "the temporary folder", tree(m.t, m.tmp), nil)
	return got
}

func (m *machine) installed(program string) map[string]string {
	return map[string]string{
		"bin":           "drwxr-xr-x ",
		"bin/facecraft": "-rwxr-xr-x " + program,
	}
}

func wantInstalled(t *testing.T, m *machine, got outcome, prefix, program string) {
	t.Helper()
	if got.code != 0 || got.stderr != "" {
		t.Fatalf("exit code %d, stdout:\n%s\nstderr:\n%s", got.code, got.stdout, got.stderr)
	}
	wantSameTree(t, prefix, tree(t, prefix), m.installed(program))
}

func TestInstallLatestRelease(t *testing.T) {
	t.Parallel()
	for _, client := range []string{"curl", "wget"} {
		t.Run(client, func(t *testing.T) {
			t.Parallel()
			r := newReleases(t)
			m := newInstaller(t, r, "sha256sum", client)
			local := filepath.Join(m.home, ".local")
			target := filepath.Join(local, "bin", "facecraft")

			got := m.install()
			wantInstalled(t, m, got, local, program("v1.3.0", platform))
			wantContains(t, "stdout", got.stdout,
				"Downloading "+r.URL+"/latest/download/"+archiveName(platform)+"\n",
				"Installed "+target+" (facecraft v1.3.0 "+platform+")\n",
				"Next: facecraft up\n")

			before, err := os.Stat(target)
			must(t, err)
			again := m.install()
			wantInstalled(t, m, again, local, program("v1.3.0", platform))
			wantContains(t, "stdout", again.stdout, "Already up to date: "+target)
			after, err := os.Stat(target)
			must(t, err)
			if !os.SameFile(before, after) || !before.ModTime().Equal(after.ModTime()) {
				t.Error("the second run replaced a file that was already right")
			}
		})
	}
}

func TestInstallChosenVersion(t *testing.T) {
	t.Parallel()
	m := newInstaller(t, newReleases(t), "sha256sum", "curl")
	prefix := filepath.Join(m.home, "apps")

	got := m.install("--prefix="+prefix, "--version", "v1.2.3")
	wantInstalled(t, m, got, prefix, program("v1.2.3", platform))

	// The other release replaces it, and repairs the file mode.
	must(t, os.Chmod(filepath.Join(prefix, "bin", "facecraft"), 0o644))
	got = m.install("--prefix", prefix, "--version=v1.3.0")
	wantInstalled(t, m, got, prefix, program("v1.3.0", platform))
}

func TestInstallPiped(t *testing.T) {
	t.Parallel()
	m := newInstaller(t, newReleases(t), "sha256sum", "curl")
	text, err := os.ReadFile(script(t, "install.sh"))
	must(t, err)

	// A truncated script does nothing.
	for _, length := range []int{len(text) / 4, len(text) / 2, len(text) - len("main \"$@\"\n")} {
		cmd := m.command("-s")
		cmd.Stdin = bytes.NewReader(text[:length])
		finish(t, cmd)
		wantSameTree(t, "the home", tree(t, m.home), nil)
	}

	cmd := m.command("-s", "--", "--prefix", "apps")
	cmd.Stdin = bytes.NewReader(text)
	wantInstalled(t, m, finish(t, cmd), filepath.Join(m.home, "apps"), program("v1.3.0", platform))
	wantSameTree(t, "the temporary folder", tree(t, m.tmp), nil)
}

func TestInstallWithAnyChecksumTool(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"shasum", "openssl"} {
		t.Run(tool, func(t *testing.T) {
			t.Parallel()
			m := newInstaller(t, newReleases(t), "curl", tool)
			if tool == "shasum" {
				m.link("perl", "env")
			}
			got := m.install()
			wantInstalled(t, m, got, filepath.Join(m.home, ".local"), program("v1.3.0", platform))
		})
	}
}

func TestInstallPlatforms(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		system, processor string
		translated        bool
		want, refusal     string
	}{
		{system: "Linux", processor: "x86_64", want: "linux_amd64"},
		{system: "Linux", processor: "aarch64", want: "linux_arm64"},
		{system: "Darwin", processor: "arm64", want: "darwin_arm64"},
		{system: "Darwin", processor: "x86_64", want: "darwin_amd64"},
		{system: "Darwin", processor: "x86_64", translated: true, want: "darwin_arm64"},
		{system: "Linux", processor: "armv7l", refusal: "no release for armv7l processors"},
		{system: "FreeBSD", processor: "amd64", refusal: "no release for FreeBSD"},
		{system: "MINGW64_NT-10.0", processor: "x86_64", refusal: "download facecraft_windows_amd64.zip"},
	} {
		t.Run(fmt.Sprintf("%s %s %t", c.system, c.processor, c.translated), func(t *testing.T) {
			t.Parallel()
			m := newInstaller(t, newReleases(t), "sha256sum", "curl")
			m.stub("uname", "#!/bin/sh\n[ \"$1\" = -m ] && echo "+c.processor+" || echo "+c.system+"\n")
			if c.translated {
				m.stub("sysctl", "#!/bin/sh\n[ \"$*\" = '-n sysctl.proc_translated' ] && echo 1\n")
			}
			got := m.install("--prefix", "apps")
			prefix := filepath.Join(m.home, "apps")
			if c.refusal == "" {
				wantInstalled(t, m, got, prefix, program("v1.3.0", c.want))
				return
			}
			wantRefused(t, got, 1, c.refusal)
			wantSameTree(t, prefix, tree(t, prefix), nil)
		})
	}
}

// wantRefused expects an exit code and one message with a fix.
func wantRefused(t *testing.T, got outcome, code int, parts ...string) {
	t.Helper()
	if got.code != code {
		t.Errorf("exit code %d, want %d; stderr:\n%s", got.code, code, got.stderr)
	}
	wantContains(t, "stderr", got.stderr, parts...)
	if code != 2 && strings.Count(got.stderr, "  fix: ") != 1 {
		t.Errorf("not exactly one fix in:\n%s", got.stderr)
	}
}

// TestInstallFailures: every failure is reported in one message and leaves the
// machine unchanged, with or without an earlier facecraft installed.
func TestInstallFailures(t *testing.T) {
	t.Parallel()
	archive := archiveName(platform)
	latest := "/download/v1.3.0/" + archive
	for name, c := range map[string]struct {
		arrange func(*releases, *machine)
		args    []string
		want    []string
	}{
		"damaged archive": {
			arrange: func(r *releases, _ *machine) { r.files[latest] = packed(t, "#!/bin/sh\necho evil\n") },
			want:    []string{"checksum mismatch for ", "checksums.txt says"},
		},
		"no entry in checksums.txt": {
			arrange: func(r *releases, _ *machine) {
				r.files["/download/v1.3.0/checksums.txt"] = []byte("00  x" + archive + "\n00  " + archive + ".sig\n")
			},
			want: []string{"cannot verify " + archive, "has no entry for it"},
		},
		"archive missing": {
			arrange: func(r *releases, _ *machine) { delete(r.files, latest) },
			want:    []string{"cannot download", archive, "404", "choose one of the releases at"},
		},
		"no such release": {
			args: []string{"--version", "v9.9.9"},
			want: []string{"cannot download", "/download/v9.9.9/checksums.txt", "404", "choose one of the releases at"},
		},
		"truncated archive": {
			arrange: func(r *releases, _ *machine) {
				r.override[archive] = func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Length", fmt.Sprint(len(r.files[latest])))
					_, _ = w.Write(r.files[latest][:100])
					panic(http.ErrAbortHandler)
				}
			},
			want: []string{"cannot download", archive, "check the connection"},
		},
		"server down": {
			arrange: func(r *releases, _ *machine) { r.Close() },
			want:    []string{"cannot download", "checksums.txt", "onnect", "check the connection"},
		},
		"archive without the program": {
			arrange: func(r *releases, _ *machine) {
				r.files[latest] = []byte("no archive")
				r.files["/download/v1.3.0/checksums.txt"] = fmt.Appendf(nil, "%x  %s\n", sha256.Sum256(r.files[latest]), archive)
			},
			want: []string{"cannot unpack " + archive},
		},
		"program that does not run": {
			arrange: func(r *releases, _ *machine) {
				r.files[latest] = packed(t, "#!/bin/sh\necho wrong processor >&2\nexit 1\n")
				r.files["/download/v1.3.0/checksums.txt"] = fmt.Appendf(nil, "%x  %s\n", sha256.Sum256(r.files[latest]), archive)
			},
			want: []string{"facecraft does not run on this machine", "wrong processor"},
		},
		"no space in the prefix": {
			arrange: func(_ *releases, m *machine) {
				m.stub("cp", "#!/bin/sh\nprintf half >\"$3\"\necho 'cp: No space left on device' >&2\nexit 1\n")
			},
			want: []string{"nothing was changed", "No space left on device", "free some space"},
		},
	} {
		for _, client := range []string{"curl", "wget"} {
			t.Run(name+" with "+client, func(t *testing.T) {
				t.Parallel()
				r := newReleases(t)
				m := newInstaller(t, r, "sha256sum", client)
				fresh, used := filepath.Join(m.home, "fresh"), filepath.Join(m.home, "used")
				wantInstalled(t, m, m.install("--prefix", used, "--version", "v1.2.3"), used, program("v1.2.3", platform))
				if c.arrange != nil {
					r.change(func() { c.arrange(r, m) })
				}

				wantRefused(t, m.install(append(c.args, "--prefix", used)...), 1, c.want...)
				wantSameTree(t, used, tree(t, used), m.installed(program("v1.2.3", platform)))

				wantRefused(t, m.install(append(c.args, "--prefix", fresh)...), 1, c.want...)
				left := tree(t, fresh)
				delete(left, "bin")
				wantSameTree(t, fresh, left, nil)
			})
		}
	}
}

func TestInstallNeedsTools(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ tools, want []string }{
		"no client": {[]string{"sha256sum"}, []string{"neither curl nor wget is installed", "install curl"}},
		"no checksum tool": {[]string{"curl"},
			[]string{"cannot verify", "none of sha256sum, shasum and openssl is installed"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newReleases(t)
			m := newInstaller(t, r, c.tools...)
			wantRefused(t, m.install(), 1, c.want...)
			wantSameTree(t, "the home", tree(t, m.home), nil)
			if n := r.downloads.Load(); n != 0 {
				t.Errorf("%d downloads, want none", n)
			}
		})
	}
}

// TestInstallFullTemporaryFolder: curl and wget use different exit codes for a
// failed write.
func TestInstallFullTemporaryFolder(t *testing.T) {
	t.Parallel()
	for client, code := range map[string]string{"curl": "23", "wget": "3"} {
		t.Run(client, func(t *testing.T) {
			t.Parallel()
			m := newInstaller(t, newReleases(t), "sha256sum")
			m.stub(client, "#!/bin/sh\nexit "+code+"\n")
			wantRefused(t, m.install(), 1, "cannot write to "+m.tmp, "set TMPDIR")
			wantSameTree(t, "the home", tree(t, m.home), nil)
		})
	}
}

func TestInstallUsesHTTPSUnlessToldOtherwise(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ mirror, want string }{
		"default": {"", "=https https://github.com/djok/facecraft/releases/latest/download/checksums.txt"},
		"mirror":  {"http://mirror.lan/", "=http,https http://mirror.lan/latest/download/checksums.txt"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, append(slices.Clone(coreTools), "sha256sum")...)
			m.set("FACECRAFT_RELEASES", c.mirror)
			m.stub("curl", `#!/bin/sh
while [ $# -gt 1 ]; do
    [ "$1" != --proto ] || protocols=$2
    shift
done
echo "asked for $protocols $1" >&2
exit 22
`)
			wantRefused(t, m.install(), 1, "asked for "+c.want+"\n")
		})
	}
}

func TestInstallPrefixes(t *testing.T) {
	t.Parallel()
	r := newReleases(t)
	for _, name := range []string{"with spaces", "o'clock", `$HOME "quoted"`, "-n", "slash/"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newInstaller(t, r, "sha256sum", "curl")
			got := m.install("--prefix", name)
			wantInstalled(t, m, got, filepath.Join(m.home, name), program("v1.3.0", platform))

			// The line the user should add must work unchanged.
			line := pathLine(t, got.stdout)
			found := m.sh("-c", line+"\ncommand -v facecraft")
			if want := filepath.Join(m.home, name, "bin", "facecraft") + "\n"; found.stdout != want {
				t.Errorf("after %s the shell finds %q, want %q", line, found.stdout, want)
			}
		})
	}
}

// pathLine is the indented line of the PATH hint.
func pathLine(t *testing.T, stdout string) string {
	t.Helper()
	_, rest, found := strings.Cut(stdout, "\n    ")
	if !found {
		t.Fatalf("no line to add in:\n%s", stdout)
	}
	line, _, _ := strings.Cut(rest, "\n")
	return line
}

func TestInstallUnusablePrefix(t *testing.T) {
	t.Parallel()
	r := newReleases(t)
	t.Run("file", func(t *testing.T) {
		t.Parallel()
		m := newInstaller(t, r, "sha256sum", "curl")
		must(t, os.WriteFile(filepath.Join(m.home, "file"), []byte("mine"), 0o644))
		wantRefused(t, m.install("--prefix", "file"), 1, "cannot install into "+m.home+"/file/bin", "--prefix")
		wantSameTree(t, "the home", tree(t, m.home), map[string]string{"file": "-rw-r--r-- mine"})
	})
	t.Run("directory in the way", func(t *testing.T) {
		t.Parallel()
		m := newInstaller(t, r, "sha256sum", "curl")
		must(t, os.MkdirAll(filepath.Join(m.home, "p", "bin", "facecraft"), 0o755))
		before := tree(t, m.home)
		wantRefused(t, m.install("--prefix", "p"), 1, "a directory of that name exists")
		wantSameTree(t, "the home", tree(t, m.home), before)
	})
	t.Run("read-only folder", func(t *testing.T) {
		t.Parallel()
		if os.Geteuid() == 0 {
			t.Skip("root may write to a read-only folder")
		}
		m := newInstaller(t, r, "sha256sum", "curl")
		must(t, os.Mkdir(filepath.Join(m.home, "p"), 0o555))
		wantRefused(t, m.install("--prefix", "p"), 1, "p is not a directory you can write to")
		wantSameTree(t, "the prefix", tree(t, filepath.Join(m.home, "p")), nil)
	})
}

func TestInstallPathHint(t *testing.T) {
	t.Parallel()
	r := newReleases(t)
	for shell, want := range map[string][]string{
		"/bin/bash":     {"~/.bashrc", `export PATH=BIN:"$PATH"`},
		"/usr/bin/zsh":  {"~/.zshrc", `export PATH=BIN:"$PATH"`},
		"/usr/bin/fish": {"~/.config/fish/config.fish", "fish_add_path BIN"},
		"":              {"~/.profile", `export PATH=BIN:"$PATH"`},
	} {
		t.Run("SHELL="+shell, func(t *testing.T) {
			t.Parallel()
			m := newInstaller(t, r, "sha256sum", "curl")
			m.stub("uname", "#!/bin/sh\n[ \"$1\" = -m ] && echo x86_64 || echo Linux\n")
			m.set("SHELL", shell)
			got := m.install("--prefix", "apps")
			bin := filepath.Join(m.home, "apps", "bin")
			wantContains(t, "stdout", got.stdout, bin+" is not on PATH. Add this line to "+want[0])
			if line := strings.ReplaceAll(want[1], "BIN", bin); pathLine(t, got.stdout) != line {
				t.Errorf("the line to add is %q, want %q", pathLine(t, got.stdout), line)
			}
		})
	}
	t.Run("no need", func(t *testing.T) {
		t.Parallel()
		m := newInstaller(t, r, "sha256sum", "curl")
		m.set("PATH", m.bin+":"+filepath.Join(m.home, "apps", "bin"))
		got := m.install("--prefix", "apps")
		if got.code != 0 || strings.Contains(got.stdout, " PATH") {
			t.Errorf("exit code %d, with an unnecessary hint about PATH:\n%s", got.code, got.stdout)
		}
		m.stub("facecraft", "#!/bin/sh\n")
		got = m.install("--prefix", "apps")
		wantContains(t, "stdout", got.stdout, m.bin+"/facecraft comes first on PATH")
	})
}

// TestInstallInterrupted: a terminal signals the whole process group, kill only
// the shell.
func TestInstallInterrupted(t *testing.T) {
	t.Parallel()
	for _, client := range []string{"curl", "wget"} {
		for sig, code := range map[syscall.Signal]int{syscall.SIGHUP: 129, syscall.SIGINT: 130, syscall.SIGTERM: 143} {
			for to, sign := range map[string]int{"group": -1, "shell": 1} {
				t.Run(fmt.Sprint(client, " ", sig, " to ", to), func(t *testing.T) {
					t.Parallel()
					r := newReleases(t)
					halfway := make(chan struct{}, 1)
					r.change(func() {
						r.override[archiveName(platform)] = func(w http.ResponseWriter, req *http.Request) {
							_, _ = w.Write([]byte("half"))
							_ = http.NewResponseController(w).Flush()
							halfway <- struct{}{}
							<-req.Context().Done()
						}
					})
					m := newInstaller(t, r, "sha256sum", client)
					cmd := m.command(script(t, "install.sh"))
					cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
					must(t, cmd.Start())
					<-halfway
					must(t, syscall.Kill(sign*cmd.Process.Pid, sig))
					_ = cmd.Wait() // the exit code is checked below
					if got := cmd.ProcessState.ExitCode(); got != code {
						t.Errorf("exit code %d, want %d", got, code)
					}
					wantSameTree(t, "the temporary folder", tree(t, m.tmp), nil)
					wantSameTree(t, "the home", tree(t, m.home), nil)
				})
			}
		}
	}
}

// TestInstallClosedOutput: the reader of the output goes away, as in
// "install.sh | head -n 1".
func TestInstallClosedOutput(t *testing.T) {
	t.Parallel()
	m := newInstaller(t, newReleases(t), "sha256sum", "curl")
	reader, writer, err := os.Pipe()
	must(t, err)
	must(t, reader.Close())
	cmd := m.command(script(t, "install.sh"))
	cmd.Stdout = writer
	_ = cmd.Run() // the exit code is checked below
	must(t, writer.Close())
	if got := cmd.ProcessState.ExitCode(); got != 141 {
		t.Errorf("exit code %d, want 141", got)
	}
	wantSameTree(t, "the temporary folder", tree(t, m.tmp), nil)
	wantSameTree(t, "the home", tree(t, m.home), nil)
}

func TestInstallUsage(t *testing.T) {
	t.Parallel()
	r := newReleases(t)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--frobnicate"}, "unknown argument: --frobnicate"},
		{[]string{"somewhere"}, "unknown argument: somewhere"},
		{[]string{"--prefix"}, "--prefix needs a value"},
		{[]string{"--version"}, "--version needs a value"},
		{[]string{"--version", "1.2.3"}, "a tag such as v1.2.3, not 1.2.3"},
		{[]string{"--version", "v1/../../x"}, "a tag such as v1.2.3, not v1/../../x"},
		{[]string{"--from-source", "--version", "v1.2.3"}, "cannot be used together"},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			t.Parallel()
			m := newInstaller(t, r, "sha256sum", "curl")
			wantRefused(t, m.install(c.args...), 2, c.want, "Usage: install.sh")
			wantSameTree(t, "the home", tree(t, m.home), nil)
		})
	}
	t.Run("no HOME", func(t *testing.T) {
		t.Parallel()
		m := newInstaller(t, r, "sha256sum", "curl")
		m.set("HOME", "")
		wantRefused(t, m.install(), 2, "HOME is not set")
	})
	t.Run("help", func(t *testing.T) {
		t.Parallel()
		m := newInstaller(t, r)
		got := m.install("--help")
		if got.code != 0 || got.stderr != "" {
			t.Errorf("exit code %d, stderr %q", got.code, got.stderr)
		}
		wantContains(t, "stdout", got.stdout, "--prefix DIR", "--version vX.Y.Z", "--from-source", "FACECRAFT_RELEASES")
	})
}
