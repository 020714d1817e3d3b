//go:build !windows

package shortcut

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

func system(getenv func(string) string) (desktop, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return nil, err
	}
	if runtime.GOOS == "darwin" {
		return mac{filepath.Join(home, "Applications"), run}, nil
	}
	data := getenv("XDG_DATA_HOME")
	if !filepath.IsAbs(data) { // such a value must be ignored
		data = filepath.Join(home, ".local", "share")
	}
	return xdg{data, run}, nil
}

// runner runs a program of the system.
type runner func(program string, args ...string) error

func run(program string, args ...string) error {
	said, err := exec.Command(program, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", program, err, bytes.TrimSpace(said))
	}
	return nil
}
