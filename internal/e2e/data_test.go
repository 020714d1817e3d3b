package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/volume"
)

// TestData keeps the server's files in the directory of --data, owned by the
// caller.
func TestData(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("needs root, to be several callers")
	}
	for name, tt := range map[string]struct {
		env   []string
		owner string
	}{
		"root":                 {nil, "1000"},
		"sudo by user 1000":    {[]string{"SUDO_UID=1000", "SUDO_GID=1000"}, "1000"},
		"sudo by another user": {[]string{"SUDO_UID=1234", "SUDO_GID=1234"}, "1234"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newUser(t)
			if err := os.Chmod(u.dir, 0o755); err != nil {
				t.Fatal(err)
			}
			u.with(tt.env...).run("process", photo(t), "--lite", "--data", "faces/here", "-o", "out.png")
			for _, dir := range []string{"faces", "faces/here/uploads", "faces/here/processed"} {
				stat := exec.CommandContext(t.Context(), "stat", "--format=%u", filepath.Join(u.dir, dir))
				if uid := strings.TrimSpace(output(t, stat)); uid != tt.owner {
					t.Errorf("%s belongs to %s, want %s", dir, uid, tt.owner)
				}
			}
			u.checkVolumes(0)
		})
	}
}

// TestFixPermissions finds files of another user before a server starts,
// explains them, and takes them over when told to.
func TestFixPermissions(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	name := u.instance + "_uploads"
	if _, err := u.docker.VolumeCreate(t.Context(), volume.CreateOptions{Name: name}); err != nil {
		t.Fatal(err)
	}
	// The daemon would give an empty volume to the image's user: root writes a file.
	dockerRun(t, "--rm", "--user", "0:0", "--volume", name+":/elsewhere", u.stub("leaves", "/elsewhere"))
	u.expect(6, []string{
		"cannot write to its files", "the volume " + name + ": owned by 0:0",
		"fix: run facecraft up --fix-permissions with the same flags to change their owner",
	}, "up", "--lite")
	u.checkNoContainers()
	u.expect(4, []string{"confirmation needed, but not running in a terminal", "--yes"},
		"up", "--lite", "--fix-permissions")
	u.run("up", "--lite", "--fix-permissions", "--yes")
	before := u.server().ID
	u.run("up", "--lite", "--fix-permissions") // nothing to ask about, nothing to replace
	if u.server().ID != before {
		t.Error("a server without trouble was replaced")
	}
}
