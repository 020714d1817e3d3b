package run

import (
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"

	"github.com/djok/facecraft/internal/fault"
)

func TestPostMortemFault(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		report postMortem
		want   []string
		fix    string
	}{
		"out of memory": {postMortem{state: &container.State{ExitCode: 137, OOMKilled: true}, limit: 4 << 30, total: 4 << 30},
			[]string{"exit code 137, SIGKILL", "it was killed for want of memory: its limit is 4 GiB, Docker has 4 GiB"}, "give Docker more memory"},
		"probably": {postMortem{state: &container.State{ExitCode: 137}, limit: 4 << 30, total: 16 << 30},
			[]string{"it was probably killed for want of memory"}, "use smaller photos, or run what needs less: facecraft up --recreate --lite"},
		"already the lite variant": {postMortem{state: &container.State{ExitCode: 137, OOMKilled: true}, limit: 1 << 29, total: 16 << 30, variant: "lite"},
			[]string{"it was killed for want of memory"}, "use smaller photos"},
		"by order": {postMortem{name: "facecraft-2", state: &container.State{ExitCode: 137}, limit: 4 << 30, ordered: true},
			[]string{"exit code 137, SIGKILL: somebody had Docker stop it"}, "docker start facecraft-2 starts it again"},
		"crash loop": {postMortem{state: &container.State{ExitCode: 139, Restarting: true}, restarts: 4},
			[]string{"exit code 139, SIGSEGV", "restarts", "4: it dies again and again"}, "the container is kept"},
		"the daemon's word": {postMortem{state: &container.State{ExitCode: 1, Error: "exec /usr/bin/python: exec format error"}},
			[]string{"exec format error", "another processor"}, "emulation"},
		"still loading": {postMortem{state: &container.State{Running: true}, words: "a\nb"}, []string{"its last words:\n    a\n    b"}, "--timeout"},
		"GPU refused": {postMortem{words: `could not select device driver "" with capabilities: [[gpu]]`},
			[]string{"cannot hand a GPU"}, "nvidia-container-toolkit"},
		"port": {postMortem{words: "[Errno 98] error while attempting to bind on address ('0.0.0.0', 8000): address already in use"},
			[]string{"something else listens"}, "--port"},
	} {
		err := tt.report.fault()
		for _, want := range tt.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: no %q in\n%v", name, want, err)
			}
		}
		if !strings.Contains(fault.HintOf(err), tt.fix) || fault.CodeOf(err) != fault.Server {
			t.Errorf("%s: code %d, fix %q, want %q", name, fault.CodeOf(err), fault.HintOf(err), tt.fix)
		}
	}
}

func TestSpoken(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"INFO:     Loading CodeFormer\n":                        "Loading CodeFormer",
		"\x1b[32mINFO\x1b[0m:     Started server process [1]":   "Started server process [1]",
		`INFO:     172.17.0.1:5 - "GET /ready HTTP/1.1" 200 OK`: "",
		"plain \x1b]0;title\a words":                            "plain ]0;title words",
		"   ":                                                   "",
	} {
		if got := spoken(line); got != want {
			t.Errorf("%q gave %q, want %q", line, got, want)
		}
	}
}

func TestAnswered(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]bool{
		`INFO:     172.17.0.1:5 - "GET /ready HTTP/1.1" 200 OK`:                              true,
		`INFO:     172.17.0.1:5 - "GET /readiness HTTP/1.1" 404 Not Found`:                   true,
		`INFO:     172.17.0.1:5 - "GET /readiness HTTP/1.1" 503 Service Unavailable`:         true,
		`INFO:     172.17.0.1:5 - "POST /api/v1/process HTTP/1.1" 500 Internal Server Error`: false,
		`urllib3: "https://example.org" did not answer`:                                      false,
		`RuntimeError: CUDA error: no kernel image is available for execution on the device`: false,
	} {
		if got := answered.MatchString(line); got != want {
			t.Errorf("%q: %v", line, got)
		}
	}
}
