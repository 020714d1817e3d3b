//go:build !windows

package shortcut

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/djok/facecraft/internal/pagestyle"
)

// mac makes an application of AppleScript, with tools that every Mac has: macOS
// passes photos to open as Apple events, which a shell script does not receive.
type mac struct {
	applications string // of this user
	run          runner
}

func (m mac) app() string { return filepath.Join(m.applications, name+".app") }

func (m mac) files() []string { return []string{m.app()} }

// refresh has nothing to do: macOS watches the directory.
func (m mac) refresh() {}

// documents are what Finder offers the application for.
const documents = `[{"CFBundleTypeName": "Image", "CFBundleTypeRole": "Viewer", "LSHandlerRank": "Alternate",
	"LSItemContentTypes": ["public.image"]}]`

func (m mac) install(program string) error {
	if err := os.MkdirAll(m.applications, 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp(m.applications, ".facecraft-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	app, source := filepath.Join(work, name+".app"), filepath.Join(work, "studio.applescript")
	if err := os.WriteFile(source, []byte(appleScript(program)), 0o600); err != nil {
		return err
	}
	if err := m.run("/usr/bin/osacompile", "-o", app, source); err != nil {
		return err
	}
	resources := filepath.Join(app, "Contents", "Resources")
	if err := write(filepath.Join(resources, "studio.icns"), icns(pagestyle.IconPNG)); err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(resources, "Assets.car")); err != nil { // its icon would win
		return err
	}
	info := filepath.Join(app, "Contents", "Info.plist")
	for _, value := range [][3]string{
		{"CFBundleIdentifier", "-string", id},
		{"CFBundleIconFile", "-string", "studio"},
		{"CFBundleDocumentTypes", "-json", documents},
	} {
		if err := m.run("/usr/bin/plutil", "-replace", value[0], value[1], value[2], info); err != nil {
			return err
		}
	}
	// The changes broke the seal that osacompile put on it.
	if err := m.run("/usr/bin/codesign", "--force", "--sign", "-", app); err != nil {
		return err
	}
	if err := os.RemoveAll(m.app()); err != nil {
		return err
	}
	return os.Rename(app, m.app())
}

// shell starts the program, $0, with photos, and does not wait for it. A login
// shell finds programs that Docker needs, such as its credential helpers.
const shell = `/bin/sh -lc '"$0" ` + command + ` "$@" >/dev/null 2>&1 &' `

// appleScript is the application's source.
func appleScript(program string) string {
	return fmt.Sprintf(`on run
	studio({})
end run

on open photos
	studio(photos)
end open

on studio(photos)
	set arguments to quoted form of %s
	repeat with photo in photos
		set arguments to arguments & " " & quoted form of POSIX path of photo
	end repeat
	do shell script %s & arguments
end studio
`, appleString(program), appleString(shell))
}

func appleString(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// icns is a macOS icon file with one picture of 256×256 pixels.
func icns(png []byte) []byte {
	const header = 8 // a name and a length
	file := binary.BigEndian.AppendUint32([]byte("icns"), uint32(header+header+len(png)))
	file = binary.BigEndian.AppendUint32(append(file, "ic08"...), uint32(header+len(png)))
	return append(file, png...)
}
