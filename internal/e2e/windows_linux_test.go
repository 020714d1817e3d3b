package e2e

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestWindows runs the program for Windows on Wine.
func TestWindows(t *testing.T) {
	t.Parallel()
	u := newWindowsUser(t)
	copies(t, u.dir, photoData(t), 2)
	for _, story := range []struct {
		name string
		tell func(*user)
	}{
		{"first steps", firstSteps},
		{"Ctrl-C", interruptOnWindows},
		{"a data directory", dataOnWindows},
		{"up", func(u *user) {
			u.expect(0, []string{"is ready at http://127.0.0.1"}, "up", "--lite")
			u.checkServers(1, "running")
		}},
		{"names of photos", photosOnWindows},
		{"names that Windows does not allow", forbiddenNames},
		{"long paths", longPaths},
		{"compose", composeOnWindows},
		{"shortcut", shortcutOnWindows},
		{"down", func(u *user) {
			u.plain(0, "Stopped and removed", "down", "--purge", "--yes")
			u.checkNothingLeft()
		}},
	} {
		t.Run(story.name, func(t *testing.T) { story.tell(u.in(t)) })
	}
}

// plain runs a command that must exit with the code and say that, without the
// escape sequences that only a console understands.
func (u *user) plain(code int, want string, args ...string) {
	u.t.Helper()
	if said := u.expect(code, []string{want}, args...); strings.Contains(said, "\x1b") {
		u.t.Errorf("facecraft %s: escape sequences without a console: %q", strings.Join(args, " "), said)
	}
}

func firstSteps(u *user) {
	u.plain(0, "facecraft v0.0.0-test windows/amd64", "version")
	u.plain(0, "built into this program", "plan", "--lite")
	u.plain(0, "Windows, windows/amd64", "doctor")
}

// interruptOnWindows has Wine turn SIGINT into what Ctrl-C does in a console.
func interruptOnWindows(u *user) {
	cmd := u.command("up", "--image", u.stub("silent"))
	said := newSayings(u.t)
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		u.t.Fatal(err)
	}
	waitFor(u.t, func() bool { return len(u.containers()) > 0 })
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		u.t.Fatal(err)
	}
	if code := exitCode(cmd.Wait()); code != 130 || !strings.HasSuffix(said.String(), "Stopping…\nerror: interrupted\n") {
		u.t.Errorf("exit code %d, want 130\n%s", code, said)
	}
	u.checkNothingLeft()
}

// dataOnWindows: the directory's path is Windows's, which only Docker Desktop can
// mount.
func dataOnWindows(u *user) {
	dir := onWindows(filepath.Join(u.dir, "data"))
	u.plain(0, dir+`\uploads at /app/uploads`, "plan", "--lite", "--data", `.\data`)
	u.plain(3, "fix: use Docker Desktop", "up", "--lite", "--data", dir)
	u.checkNothingLeft()
}

func photosOnWindows(u *user) {
	at := func(path string) string { return filepath.Join(u.dir, path) }
	first := onWindows(at("photo-00000.png"))
	for _, tt := range []struct {
		args []string
		want []string // files, by the paths that Linux has for them
	}{
		{[]string{first}, []string{at("photo-00000-facecraft.png")}},
		{[]string{`.\photo-*.png`, "-o", `out\`},
			[]string{at("out/photo-00000-facecraft.png"), at("out/photo-00001-facecraft.png")}},
		{[]string{"-r", onWindows(u.dir), "-o", `C:\results\`}, []string{driveC(u, "results/photo-00001-facecraft.png")}},
		{[]string{first, "-o", `C:\one.jpg`}, []string{driveC(u, "one.jpg")}},
	} {
		u.plain(0, "", append([]string{"process"}, tt.args...)...)
		for _, file := range tt.want {
			if info, err := os.Stat(file); err != nil || info.Size() < 10_000 {
				u.t.Errorf("process %q did not make %s: %v", tt.args, file, err)
			}
		}
	}
}

// forbiddenNames are those of devices.
func forbiddenNames(u *user) {
	before := everyFile(u)
	u.plain(1, "Windows does not allow the name CON.jpg", "process", "photo-00000.png", "-o", "CON.jpg")
	u.plain(1, "Windows does not allow the name aux", "compose", "--lite", "-o", `out\aux\docker-compose.yml`)
	if after := everyFile(u); after != before {
		u.t.Errorf("files changed from\n%s\nto\n%s", before, after)
	}
	for _, device := range []string{"CON.png", "nul.png"} { // as Linux can name them
		if err := os.Symlink("photo-00000.png", filepath.Join(u.dir, device)); err != nil {
			u.t.Fatal(err)
		}
	}
	u.expect(5, []string{"CON.png: Windows does not allow the name", "nul.png: Windows does not allow the name"},
		"process", "CON.png", "nul.png")
}

func everyFile(u *user) string {
	u.t.Helper()
	var list strings.Builder
	if err := fs.WalkDir(os.DirFS(u.dir), ".", func(path string, _ fs.DirEntry, err error) error {
		list.WriteString(path + "\n")
		return err
	}); err != nil {
		u.t.Fatal(err)
	}
	return list.String()
}

// longPaths have more than the 260 characters that many programs can handle.
func longPaths(u *user) {
	long := strings.Repeat(strings.Repeat("long", 30)+`\`, 3)
	u.plain(0, "photo-00000-facecraft.png", "process", "photo-00000.png", "-o", long+"again"+`\`)
	made := filepath.Join(u.dir, strings.ReplaceAll(long, `\`, "/"), "again", "photo-00000-facecraft.png")
	if _, err := os.Stat(made); err != nil {
		u.t.Error(err)
	}
}

// composeOnWindows writes a file that Compose can read.
func composeOnWindows(u *user) {
	file := filepath.Join(u.dir, "docker-compose.yml")
	u.plain(0, "is written", "compose", "--lite", "--data", "data", "-o", onWindows(file))
	text, err := os.ReadFile(file)
	if err != nil {
		u.t.Fatal(err)
	}
	var read struct {
		Services map[string]struct {
			Volumes []struct{ Source string }
		}
	}
	if err := yaml.Unmarshal(text, &read); err != nil {
		u.t.Fatal(err)
	}
	volumes := read.Services["api"].Volumes
	if want := onWindows(u.dir) + `\data\uploads`; len(volumes) != 2 || volumes[0].Source != want {
		u.t.Errorf("volumes %+v, want the first at %s", volumes, want)
	}
}

// shortcutOnWindows: the links in the Start menu and in "Send to" start the studio,
// and removing them leaves nothing.
func shortcutOnWindows(u *user) {
	before := filesOnDriveC(u)
	for range 2 {
		u.plain(0, `Start Menu\Programs\Facecraft Studio.lnk`, "studio", "--install-shortcut")
	}
	added := 0
	for path := range filesOnDriveC(u) {
		if before[path] {
			continue
		}
		added++
		content, err := os.ReadFile(path)
		if err != nil {
			u.t.Fatal(err)
		}
		text := strings.ReplaceAll(string(content), "\x00", "") // it is UTF-16
		starts := strings.Contains(text, "facecraft.exe") && strings.Contains(text, "studio.ico")
		if filepath.Ext(path) != ".ico" && !starts {
			u.t.Errorf("%s is not a link to the program", path)
		}
	}
	if added != 3 {
		u.t.Errorf("added %d files, want two links and an icon", added)
	}
	u.plain(0, `SendTo\Facecraft Studio.lnk`, "studio", "--remove-shortcut")
	if after := filesOnDriveC(u); !maps.Equal(after, before) {
		u.t.Errorf("%d files became %d", len(before), len(after))
	}
}

// filesOnDriveC are those of the user.
func filesOnDriveC(u *user) map[string]bool {
	u.t.Helper()
	files := map[string]bool{}
	if err := filepath.WalkDir(driveC(u, "users"), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			files[path] = true
		}
		return err
	}); err != nil {
		u.t.Fatal(err)
	}
	return files
}
