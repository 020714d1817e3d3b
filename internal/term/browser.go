package term

import (
	"io"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/pkg/browser"
)

// openPatience is how long an opener may take to fail. Some return only when
// the browser is closed.
const openPatience = 500 * time.Millisecond

// Desktop is where a browser may be.
type Desktop struct {
	Getenv func(string) string
	OS     string // as runtime.GOOS
	UID    int    // as os.Getuid
}

// CanOpen tells whether there is a browser to be expected: a desktop session
// of an ordinary user on this machine.
func (d Desktop) CanOpen() bool {
	switch {
	case d.Getenv("SSH_CONNECTION") != "" || d.Getenv("SSH_TTY") != "":
		return false // it would open on the other machine, unseen
	case d.OS != "linux":
		return true
	case d.UID == 0:
		return false // browsers refuse root, or run with its rights
	}
	return d.wsl() || d.Getenv("DISPLAY") != "" || d.Getenv("WAYLAND_DISPLAY") != ""
}

// wsl tells whether this is a Linux inside Windows, whose browser is used.
func (d Desktop) wsl() bool { return d.OS == "linux" && d.Getenv("WSL_DISTRO_NAME") != "" }

// Open opens a page, an address or a file, best effort, and tells whether it
// seems to have worked.
func (d Desktop) Open(page string) bool {
	open := func() error { return openInBrowser(page) }
	if d.wsl() {
		open = func() error { return openInWindows(page) }
	}
	opened := make(chan error, 1)
	go func() { opened <- open() }()
	select {
	case err := <-opened:
		return err == nil
	case <-time.After(openPatience):
		return true
	}
}

func openInBrowser(page string) error {
	browser.Stdout, browser.Stderr = io.Discard, io.Discard
	if filepath.IsAbs(page) {
		return browser.OpenFile(page)
	}
	return browser.OpenURL(page)
}

// openInWindows uses wslu's wslview, or Windows' own explorer, which knows
// only its own paths and ends with 1 when it worked.
func openInWindows(page string) error {
	if viewer, err := exec.LookPath("wslview"); err == nil {
		return exec.Command(viewer, page).Run()
	}
	if filepath.IsAbs(page) {
		windows, err := exec.Command("wslpath", "-w", page).Output()
		if err != nil {
			return err
		}
		page = string(windows[:max(0, len(windows)-1)]) // less the newline
	}
	return exec.Command("explorer.exe", page).Start()
}
