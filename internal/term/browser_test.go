//go:build unix

package term

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestOpenInWindows replaces the Windows programs with stubs that record their
// argument.
func TestOpenInWindows(t *testing.T) {
	for name, tt := range map[string]struct {
		programs   []string
		page, want string
	}{
		"wslview":            {[]string{"wslview"}, "http://127.0.0.1:8000/docs", "http://127.0.0.1:8000/docs"},
		"explorer":           {[]string{"explorer.exe"}, "http://127.0.0.1:8000/docs", "http://127.0.0.1:8000/docs"},
		"explorer, of files": {[]string{"explorer.exe", "wslpath"}, "/home/maria/docs.html", `\\wsl$\docs.html`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, program := range tt.programs {
				script := "#!/bin/sh\nprintf %s \"$1\" > " + filepath.Join(dir, "told") + "\nexit 1\n"
				if program == "wslpath" {
					script = "#!/bin/sh\nprintf '%s\\n' '\\\\wsl$\\docs.html'\n"
				}
				if program == "wslview" {
					script = "#!/bin/sh\nprintf %s \"$1\" > " + filepath.Join(dir, "told") + "\n"
				}
				if err := os.WriteFile(filepath.Join(dir, program), []byte(script), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			t.Setenv("PATH", dir)
			desktop := Desktop{
				Getenv: func(name string) string { return map[string]string{"WSL_DISTRO_NAME": "Debian"}[name] },
				OS:     "linux",
				UID:    1000,
			}
			if !desktop.Open(tt.page) {
				t.Error("Open reported a failure")
			}
			var told []byte
			for end := time.Now().Add(5 * time.Second); len(told) == 0 &&
				time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
				told, _ = os.ReadFile(filepath.Join(dir, "told"))
			}
			if string(told) != tt.want {
				t.Errorf("opened %q, want %q", told, tt.want)
			}
		})
	}
}
