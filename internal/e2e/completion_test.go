package e2e

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/djok/facecraft/internal/dockertest"
)

// asking runs a shell with the program's completion for a command line. What
// the shell would do with the answer is printed, one candidate a line.
var asking = map[string]struct {
	args   []string
	script string // the line is $1, or words from $1 on
	whole  bool   // the line is given in one piece
}{
	"bash": {args: []string{"--norc", "--noprofile", "-c"}, script: `
source <(facecraft completion bash)
COMP_LINE=$1 COMP_POINT=${#1}
# As readline splits it at COMP_WORDBREAKS.
mapfile -t COMP_WORDS < <(grep -oE '[^ =:]+|[=:]+' <<<"$1")
[[ $1 != *' ' ]] || COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_facecraft facecraft
printf '%s\n' "${COMPREPLY[@]}"`, whole: true},
	"zsh": {args: []string{"-f", "-c"}, script: `
compdef() { }
_describe() { print -l -- ${${(P)3}//(#m):*/} }
_files() { [[ $1 == -g ]] && print -l -- *(/) ${~2} || print -l -- * }
_directories() { print -l -- *(/) }
compset() { }
setopt extendedglob nullglob
source <(facecraft completion zsh)
words=("$@") CURRENT=$# service=facecraft
_facecraft
true`},
	"fish": {args: []string{"--no-config", "-c"}, script: `
facecraft completion fish | source
complete -C "$argv[1]" | string replace -r '\t.*' ''
true`, whole: true},
}

// TestCompletion asks real shells.
func TestCompletion(t *testing.T) {
	t.Parallel()
	for shell, ask := range asking {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(shell); err != nil {
				dockertest.Need(t, err, shell)
			}
			dir := t.TempDir()
			for _, name := range []string{"me.jpg", "YOU.PNG", "notes.txt"} {
				if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Mkdir(filepath.Join(dir, "photos"), 0o700); err != nil {
				t.Fatal(err)
			}
			for line, want := range map[string]string{
				"facecraft up --ta":               "--tag",
				"facecraft up --tag l":            "lite",
				"facecraft process --preset pass": "passport-us passport-uk passport-icao",
				"facecraft process --format ":     "png jpg both",
				"facecraft compl":                 "completion",
				"facecraft process ":              "me.jpg YOU.PNG photos",
				"facecraft process --lite ":       "me.jpg YOU.PNG photos",
				"facecraft up --data ":            "photos",
				"facecraft load ":                 "me.jpg YOU.PNG notes.txt photos",
			} {
				args := append(slices.Clone(ask.args), ask.script)
				switch {
				case shell == "bash":
					args = append(args, "bash", line)
				case ask.whole:
					args = append(args, line)
				default:
					args = append(append(args, shell), strings.Split(line, " ")...)
				}
				cmd := exec.CommandContext(t.Context(), shell, args...)
				cmd.Dir = dir
				cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(dockertest.Binary(t))+":"+os.Getenv("PATH"), "HOME="+dir,
					"XDG_CONFIG_HOME="+filepath.Join(dir, ".config"), "XDG_DATA_HOME="+filepath.Join(dir, ".data"))
				got := strings.Fields(strings.ReplaceAll(output(t, cmd), "/\n", "\n"))
				wanted := strings.Fields(want)
				slices.Sort(got)
				slices.Sort(wanted)
				if !slices.Equal(got, wanted) {
					t.Errorf("%q: got %q, want %q", line, got, wanted)
				}
			}
		})
	}
}

// TestCompletionOfServers: the servers of all instances, and no delay where
// Docker does not respond.
func TestCompletionOfServers(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	url := strings.TrimSpace(u.run("up", "--lite", "--no-open", "--quiet"))
	if got := u.run("complete", "--", "process", "--endpoint", "http"); !strings.Contains(got, url+"\t"+u.instance+"\n") {
		t.Errorf("%s is not among\n%s", url, got)
	}
	if got := u.run("complete-instances"); !strings.Contains(got, u.instance+"\t"+url+"\n") {
		t.Errorf("%s is not among\n%s", u.instance, got)
	}
	deaf, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer deaf.Close()
	begin := time.Now()
	if got := u.with("DOCKER_HOST=tcp://"+deaf.Addr().String()).
		run("complete", "--", "process", "--endpoint", ""); got != "none\n" {
		t.Errorf("got %q without Docker", got)
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
}

// BenchmarkCompletion compares the time of a completion, the names of servers
// included, with the docker command's own.
func BenchmarkCompletion(b *testing.B) {
	u := newUser(b)
	u.run("up", "--lite", "--no-open", "--quiet")
	fastest := func(run func() *exec.Cmd) time.Duration {
		best := time.Hour
		for range 20 {
			begin := time.Now()
			output(b, run())
			best = min(best, time.Since(begin))
		}
		return best
	}
	docker := fastest(func() *exec.Cmd { return exec.CommandContext(b.Context(), "docker", "__complete", "logs", "") })
	for name, words := range map[string][]string{
		"tags": {"up", "--tag", ""}, "photos": {"process", ""}, "servers": {"process", "--endpoint", ""},
		"flags": {"process", "--"},
	} {
		b.Run(name, func(b *testing.B) {
			own := fastest(func() *exec.Cmd { return u.command(append([]string{"complete", "--"}, words...)...) })
			b.ReportMetric(float64(own.Microseconds())/1000, "ms")
			b.ReportMetric(own.Seconds()/docker.Seconds(), "of-docker's")
		})
	}
}
