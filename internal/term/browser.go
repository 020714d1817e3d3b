package term

import (
	"io"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/pkg/browser"
)

// openTimeout is how long to wait for the opener to fail. Some only return once
// the browser is closed.
const openTimeout = 500 * time.Millisecond

// Desktop is the environment a browser would be opened in.
type Desktop struct {
	Getenv func(string) string
	OS     string // as runtime.GOOS
	UID    int    // as os.Getuid
}

// CanOpen reports whether a browser is likely to be available: in a desktop
// session of a regular user on this machine.
func (d Desktop) CanOpen() bool {
	switch {
	case d.Getenv("SSH_CONNECTION") != "" || d.Getenv("SSH_TTY") != "":
		return false // it would open on the remote machine, unseen
	case d.OS != "linux":
		return true
	case d.UID == 0:
		return false // browsers refuse to run as root, or run with root's privileges
	}
	return d.wsl() || d.Getenv("DISPLAY") != "" || d.Getenv("WAYLAND_DISPLAY") != ""
}

// wsl reports whether this is Linux inside Windows, whose browser is used.
func (d Desktop) wsl() bool { return d.OS == "linux" && d.Getenv("WSL_DISTRO_NAME") != "" }

// Open opens a URL or a file in the browser, and reports whether that seems to
// have worked.
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
	case <-time.After(openTimeout):
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

// openInWindows uses wslview (of wslu), or explorer.exe, which only accepts
// Windows paths and exits with 1 on success.
func openInWindows(page string) error {
	if viewer, err := exec.LookPath("wslview"); err == nil {
		return exec.Command(viewer, page).Run()
	}
	if filepath.IsAbs(page) {
		windows, err := exec.Command("wslpath", "-w", page).Output()
		if err != nil {
			return err
		}
		page = string(windows[:max(0, len(windows)-1)]) // without the newline
	}
	return exec.Command("explorer.exe", page).Start()
}
