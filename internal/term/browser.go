package term

import (
	"io"
	"time"

	"github.com/pkg/browser"
)

// openPatience is how long an opener may take to fail. Some return only when
// the browser is closed.
const openPatience = 500 * time.Millisecond

// CanOpen tells whether there is a browser to be expected: a desktop session
// of an ordinary user on this machine.
func CanOpen(getenv func(string) string, goos string, uid int) bool {
	if getenv("SSH_CONNECTION") != "" || getenv("SSH_TTY") != "" {
		return false // it would open on the other machine, unseen
	}
	if goos == "linux" {
		return uid != 0 && (getenv("DISPLAY") != "" || getenv("WAYLAND_DISPLAY") != "")
	}
	return true
}

// OpenBrowser opens a page, best effort, and tells whether it seems to have
// worked.
func OpenBrowser(url string) bool {
	browser.Stdout, browser.Stderr = io.Discard, io.Discard
	opened := make(chan error, 1)
	go func() { opened <- browser.OpenURL(url) }()
	select {
	case err := <-opened:
		return err == nil
	case <-time.After(openPatience):
		return true
	}
}
