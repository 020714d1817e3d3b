//go:build !windows

package shortcut

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/djok/facecraft/internal/pagestyle"
)

// filesBelow are the files in a directory, and in those in it.
func filesBelow(t *testing.T, dir string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			list = append(list, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestInstallAndRemove: both can be called twice, and leave nothing else.
func TestInstallAndRemove(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("PATH", "") // without update-desktop-database, whose cache is its own
	unset := func(string) string { return "" }
	var said []string
	say := func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
	for range 2 {
		said = nil
		if err := Install(unset, say); err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, file := range filesBelow(t, home) {
			want = append(want, "Added "+file)
		}
		if len(want) != 2 || !slices.Equal(said, want) {
			t.Errorf("said %q, want %q", said, want)
		}
	}
	for _, want := range []string{"Removed ", "Facecraft Studio is not in the menus"} {
		said = nil
		err := Remove(unset, say)
		if left := filesBelow(t, home); err != nil || !strings.HasPrefix(said[0], want) || len(left) != 0 {
			t.Errorf("said %q, left %q, %v", said, left, err)
		}
	}
}

// TestEntry has the entry checked by the desktops' own program.
func TestEntry(t *testing.T) {
	t.Parallel()
	var calls []string
	desktop := xdg{t.TempDir(), func(program string, args ...string) error {
		calls = append(calls, program)
		return nil
	}}
	if err := desktop.install(`/opt/50% "off"/$face\craft`); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(desktop.entry())
	if err != nil {
		t.Fatal(err)
	}
	if want := `Exec="/opt/50%% \\"off\\"/\\$face\\\\craft" studio %F`; !strings.Contains(string(text), want) {
		t.Errorf("no line %s in\n%s", want, text)
	}
	if !strings.Contains(string(text), "\nIcon="+desktop.icon()+"\n") {
		t.Errorf("not the icon's path:\n%s", text)
	}
	desktop.refresh()
	if !slices.Equal(calls, []string{"update-desktop-database"}) {
		t.Errorf("called %q", calls)
	}
	validate, err := exec.LookPath("desktop-file-validate")
	if err != nil {
		t.Skip("needs desktop-file-validate")
	}
	for _, file := range []string{desktop.entry(), id + ".desktop"} {
		if said, err := exec.Command(validate, file).CombinedOutput(); err != nil || len(said) > 0 {
			t.Errorf("%v\n%s", err, said)
		}
	}
}

// TestMac: a Mac's tools are called in this order, and the icon is in its place.
func TestMac(t *testing.T) {
	t.Parallel()
	var calls []string
	var source string
	m := mac{applications: filepath.Join(t.TempDir(), "Applications")}
	m.run = func(program string, args ...string) error {
		calls = append(calls, filepath.Base(program)+" "+args[0]+" "+args[1])
		if filepath.Base(program) != "osacompile" {
			return nil
		}
		text, err := os.ReadFile(args[2])
		source = string(text)
		if err == nil {
			err = write(filepath.Join(args[1], "Contents", "Resources", "Assets.car"), nil)
		}
		calls[len(calls)-1] = "osacompile"
		return err
	}
	for range 2 {
		calls = nil
		if err := m.install(`/Users/me/"face"craft`); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"osacompile", "plutil -replace CFBundleIdentifier", "plutil -replace CFBundleIconFile",
		"plutil -replace CFBundleDocumentTypes", "codesign --force --sign"}
	if !slices.Equal(calls, want) {
		t.Errorf("called %q", calls)
	}
	icon := filepath.Join(m.app(), "Contents", "Resources", "studio.icns")
	if left := filesBelow(t, m.applications); !slices.Equal(left, []string{icon}) {
		t.Errorf("files %q", left)
	}
	if !strings.Contains(source, `quoted form of "/Users/me/\"face\"craft"`) {
		t.Errorf("the program is not quoted:\n%s", source)
	}
}

// TestShell: what the application runs passes the photos on as they are.
func TestShell(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program, said := filepath.Join(dir, "a program"), filepath.Join(dir, "said")
	script := "#!/bin/sh\nprintf '%s|' \"$@\" >'" + said + ".new'\nmv '" + said + ".new' '" + said + "'\n"
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	line := shell + "'" + program + "' '/a b/$c.jpg' '/d\"e.png'" // as "quoted form" quotes them
	if out, err := exec.Command("/bin/sh", "-c", line).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for range 100 {
		if text, err := os.ReadFile(said); err == nil {
			if want := `studio|/a b/$c.jpg|/d"e.png|`; string(text) != want {
				t.Errorf("arguments %s, want %s", text, want)
			}
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Error("the program was not run")
}

// TestIcns: the lengths in the file are true, and the picture is whole.
func TestIcns(t *testing.T) {
	t.Parallel()
	file := icns(pagestyle.IconPNG)
	whole, picture := binary.BigEndian.Uint32(file[4:]), binary.BigEndian.Uint32(file[12:])
	if int(whole) != len(file) || int(picture) != len(file)-8 || string(file[16:]) != string(pagestyle.IconPNG) {
		t.Errorf("lengths %d and %d in %d bytes", whole, picture, len(file))
	}
}
