package e2e

import (
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/dockertest"
)

// TestServerDies is reported at once, with the server's last log lines, and the
// container is kept. The next up replaces it and the replicas beside it.
func TestServerDies(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	u.port = dockertest.FreePorts(t, 2)
	u.expect(6, []string{
		"the server died before it was ready", "exit code 3", "loading models", "cannot continue", "fix: ",
	}, "up", "--image", u.stub("dies"))
	u.expect(6, []string{"the server " + u.instance, "died before it was ready"},
		"up", "--recreate", "--replicas", "2", "--gateway=false", "--image", u.stub("dies"))
	if logs := u.run("logs"); !strings.Contains(logs, "loading models") {
		t.Errorf("the log is gone: %q", logs)
	}
	u.run("up", "--lite")
	u.checkServers(1, "running")
}

// deaths are known ways to die, by the last line of the log, each with a part
// of its explanation and of its remedy.
var deaths = []struct{ log, known, fix string }{
	{
		"RuntimeError: cannot cache function '_estimate': no locator available for file '/x.py'",
		"numba", "NUMBA_CACHE_DIR",
	},
	{
		"RuntimeError: CUDA error: no kernel image is available for execution on the device",
		"no code for this GPU", "--tag cpu",
	},
	{
		"RuntimeError: The NVIDIA driver on your system is too old (found version 11040).",
		"older than the image's CUDA", "update",
	},
	{
		"PermissionError: [Errno 13] Permission denied: '/app/uploads'",
		"cannot write to its files", "--fix-permissions",
	},
	{"PermissionError: [Errno 13] Permission denied: '/home/appuser/.u2net'", "a file in the image", "check --image"},
	{"OSError: [Errno 28] No space left on device", "disk", "docker system df"},
	{`Downloading: "https://github.com/x/detection.pth" to /home/appuser`, "downloads a model", "internet"},
	{
		"urllib.error.URLError: <urlopen error [Errno -3] Temporary failure in name resolution>",
		"no internet access", "internet",
	},
	{"something new", "", "facecraft logs"},
}

// TestPostMortem recognises what servers are known to die of, and keeps the
// container.
func TestPostMortem(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	image := u.stub("says")
	for _, tt := range deaths {
		want := []string{"the server died before it was ready", "exit code 1", tt.log, tt.known, "fix: ", tt.fix}
		output := u.expect(6, want, "up", "--image", image, "--env", "SAYS=\x1b[31m"+tt.log+"\x1b[0m")
		if strings.Contains(output, "\x1b") {
			t.Errorf("the log controls the terminal: %q", output)
		}
		u.checkServers(1, "exited")
	}
	outOfMemory := []string{"exit code 137, SIGKILL", "probably killed: out of memory"}
	killed := u.expect(6, append(outOfMemory, "its limit is 6 GiB, Docker has"), "up", "--image", u.stub("kills"))
	killed += u.expect(0, append(outOfMemory, "fix "), "status")
	if strings.Contains(killed, "photos") {
		t.Errorf("it died while it loaded, and no photo is to blame:\n%s", killed)
	}
	none := dockertest.Load(t, u.docker, dockertest.ImageOf(t))
	u.expect(3, []string{"the image has no command to run", "fix: check --image"}, "up", "--image", none, "--recreate")
	u.expect(6, []string{"was not ready after 400ms: its models are not loaded", "facecraft logs -f"},
		"up", "--image", u.stub("unready"), "--timeout", "400ms")
}
