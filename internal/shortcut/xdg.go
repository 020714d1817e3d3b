//go:build !windows

package shortcut

import (
	_ "embed"
	"path/filepath"
	"strings"

	"github.com/djok/facecraft/internal/pagestyle"
)

// entry is also what Linux packages install.
//
//go:embed io.facecraft.Studio.desktop
var entry string

// xdg is a desktop of Linux and the BSDs.
// (https://specifications.freedesktop.org/desktop-entry-spec/1.5/)
type xdg struct {
	data string // XDG_DATA_HOME
	run  runner
}

func (x xdg) files() []string { return []string{x.entry(), x.icon()} }

func (x xdg) entry() string { return filepath.Join(x.data, "applications", id+".desktop") }

func (x xdg) icon() string {
	return filepath.Join(x.data, "icons", "hicolor", "scalable", "apps", id+".svg")
}

func (x xdg) install(program string) error {
	if err := write(x.icon(), pagestyle.Icon); err != nil {
		return err
	}
	text := strings.NewReplacer(
		"Exec=facecraft ", "Exec="+execArgument(program)+" ",
		"Icon="+id, "Icon="+inString(x.icon()), // by its path: caches of the theme may be old
	).Replace(entry)
	return write(x.entry(), []byte(text))
}

// refresh makes the photos' "Open with" aware of the change. Without the program,
// desktops notice by themselves, if they use no cache.
func (x xdg) refresh() { _ = x.run("update-desktop-database", filepath.Dir(x.entry())) }

// execArgument quotes an argument in an Exec line.
func execArgument(text string) string {
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "`", "\\`", `$`, `\$`, `%`, `%%`).Replace(text)
	return inString(`"` + quoted + `"`)
}

// inString escapes what has a meaning in all values.
func inString(text string) string { return strings.NewReplacer(`\`, `\\`, "\n", `\n`).Replace(text) }
