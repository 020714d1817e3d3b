package run

import (
	"errors"
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
			[]string{"exit code 137, SIGKILL", "killed: out of memory; its limit is 4 GiB, Docker has 4 GiB"},
			"give Docker more memory"},
		"probably": {postMortem{state: &container.State{ExitCode: 137}, limit: 4 << 30, total: 16 << 30},
			[]string{"probably killed: out of memory"},
			"use smaller photos, or run a smaller variant: facecraft up --recreate --lite"},
		"already the lite variant": {postMortem{state: &container.State{ExitCode: 137, OOMKilled: true}, limit: 1 << 29,
			total: 16 << 30, variant: "lite"},
			[]string{"killed: out of memory"}, "use smaller photos"},
		"while loading": {postMortem{state: &container.State{ExitCode: 137, OOMKilled: true}, limit: 4 << 30, total: 16 << 30,
			loading: true},
			[]string{"killed: out of memory"}, "run a smaller variant: facecraft up --recreate --lite"},
		"while loading, and nothing smaller": {postMortem{state: &container.State{ExitCode: 137, OOMKilled: true},
			limit: 1 << 29, total: 16 << 30, loading: true, variant: "lite"},
			[]string{"killed: out of memory"}, "the container is kept"},
		"a file of a volume": {postMortem{places: []string{"/app/uploads"}, user: "1000:1000",
			words: "PermissionError: [Errno 13] Permission denied: '/app/uploads/x.jpg'"},
			[]string{"the server cannot write to its files"}, "--fix-permissions"},
		"a file beside a volume": {postMortem{places: []string{"/app/up"}, user: "1000:1000",
			words: "PermissionError: [Errno 13] Permission denied: '/app/uploads'"},
			[]string{"cannot access /app/uploads, a file in the image"}, "check --image"},
		"a model, as another user": {postMortem{places: []string{"/app/uploads"}, user: "1234:1234",
			words: "loading\nPermissionError: [Errno 13] Permission denied: '/home/appuser/.u2net/u2net.onnx'\nlast"},
			[]string{"which runs as 1234:1234, cannot access /home/appuser/.u2net/u2net.onnx"}, "leave --data out"},
		"no command": {postMortem{state: &container.State{ExitCode: 127},
			words: "[FATAL tini (7)] exec /nothere failed: Permission denied"},
			[]string{"the image's command cannot be run"}, "check --image"},
		"stopped through Docker": {postMortem{name: "facecraft-2", state: &container.State{ExitCode: 137}, limit: 4 << 30,
			ordered: true},
			[]string{"exit code 137, SIGKILL: stopped through Docker"}, "docker start facecraft-2 starts it again"},
		"crash loop": {postMortem{state: &container.State{ExitCode: 139, Restarting: true}, restarts: 4},
			[]string{"exit code 139, SIGSEGV", "restarts", "4: it keeps crashing"}, "the container is kept"},
		"the daemon's error": {postMortem{state: &container.State{ExitCode: 1,
			Error: "exec /usr/bin/python: exec format error"}},
			[]string{"exec format error", "a different architecture"}, "emulation"},
		"a network without names": {postMortem{state: &container.State{Running: true},
			words: `{"msg":"waiting for server","server":"facecraft:8000","why":"dial tcp: lookup facecraft: no such host"}`},
			[]string{"does not resolve the servers' names"}, "aardvark-dns"},
		"still loading": {postMortem{state: &container.State{Running: true}, words: "a\nb"},
			[]string{"its last log lines:\n    a\n    b"}, "--timeout"},
		"GPU refused": {postMortem{words: `could not select device driver "" with capabilities: [[gpu]]`},
			[]string{"cannot pass a GPU"}, "nvidia-container-toolkit"},
		"port": {postMortem{words: "[Errno 98] error while attempting to bind on address ('0.0.0.0', 8000): address " +
			"already in use"},
			[]string{"another program is listening"}, "--port"},
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

// TestMemoryRemedy: if no photo was processed, the remedy does not mention
// photos.
func TestMemoryRemedy(t *testing.T) {
	t.Parallel()
	m := postMortem{state: &container.State{ExitCode: 137, OOMKilled: true}, limit: 4 << 30,
		total: 16 << 30, loading: true}
	if got := m.remedy(); strings.Contains(got, "photo") {
		t.Errorf("while loading: %s", got)
	}
	for line, want := range map[string]bool{
		"INFO:     Application startup complete.\n": true, "Server ready for requests!\n": true,
		"INFO:     ready (no AI background removal, no enhancement)\n": true,
		"Loading models\n": false, "INFO:     Waiting for application startup.\n": false, "not ready yet\n": false,
	} {
		if got := saysReady(line); got != want {
			t.Errorf("%q: %v", line, got)
		}
	}
}

// TestRefusal explains daemons' errors, quoted literally.
func TestRefusal(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]string{
		"Error response from daemon: No command specified":            {"the image has no command to run", "check --image"},
		"no command or entrypoint provided, and no CMD or ENTRYPOINT": {"the image has no command to run", "check --image"},
		`OCI runtime create failed: exec: "python": executable file not found in $PATH: unknown`: {"command does not exist",
			"check --image"},
		"failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: " +
			`exec: "/x": permission denied: unknown`: {"the image's command cannot be run", "check --image"},
		"OCI runtime create failed: runc create failed: unable to start container process: unable to apply cgroup " +
			"configuration: mkdir /sys/fs/cgroup/docker: read-only file system: unknown": {
			"cannot set limits", "restart Docker"},
		"failed to create task: OCI runtime create failed: runc did not terminate successfully: exit status 1: unknown": {
			"Docker cannot start the container's process", "restart Docker"},
		`OCI runtime create failed: error during container init: nvidia-container-cli: initialization error: unknown`: {
			"NVIDIA driver", "doctor"},
	} {
		err := refusal("start the container", errors.New(text))
		if !strings.Contains(err.Error(), want[0]) || !strings.Contains(err.Error(), text) ||
			!strings.Contains(fault.HintOf(err), want[1]) || fault.CodeOf(err) != fault.Unrunnable {
			t.Errorf("%s:\ngot %v\nfix %q", text, err, fault.HintOf(err))
		}
	}
}

// TestLastException: uvicorn's log of a failed request, and logs without one.
func TestLastException(t *testing.T) {
	t.Parallel()
	for log, want := range map[string]string{
		"INFO:     172.17.0.1:5 - \"POST /api/v1/process HTTP/1.1\" 500 Internal Server Error\nERROR:    Exception in " +
			"ASGI application\n" +
			"Traceback (most recent call last):\n  File \"/app/x.py\", line 1, in f\n    g()\n" +
			"torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB\nINFO:     172.17.0.1:5 - \"GET /ready " +
			"HTTP/1.1\" 200 OK\n": "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB",
		"  File \"x\"\n    raise\ncv2.error: OpenCV(4.8)": "cv2.error: OpenCV(4.8)",
		"  File \"x\"\n" +
			"FileNotFoundError: [Errno 2] no: '/app/uploads/x'": "FileNotFoundError: [Errno 2] no: '/app/uploads/x'",
		"Device: cpu\nINFO:     Started\n": "",
		"":                                 "",
	} {
		if got := lastException(log); got != want {
			t.Errorf("%q gave %q, want %q", log, got, want)
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
		"INFO: ====================":                            "",
		"------":                                                "",
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
