package e2e

import (
	"compress/gzip"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/dockertest"
)

// randomness is a library that Go programs need and Wine 8 lacks.
const randomness = `#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size) {
	return SystemFunction036(data, size);
}
`

const windowsCompiler = "x86_64-w64-mingw32-gcc"

// newWindowsUser is a user on Windows, whose daemon is reached by TCP.
func newWindowsUser(t *testing.T) *user {
	t.Helper()
	if runtime.GOARCH != "amd64" {
		t.Skip("needs a processor that Wine and the program for Windows share: amd64")
	}
	for _, program := range []string{"wine", "wineboot", "wineserver", windowsCompiler} {
		_, err := exec.LookPath(program)
		dockertest.Need(t, err, program)
	}
	u := newUser(t)
	prefix := winePrefix(u)
	u = u.with("WINEPREFIX="+prefix, "WINEDEBUG=-all", "WINEDLLOVERRIDES=mscoree,mshtml,winemenubuilder.exe=", "DISPLAY=",
		"DOCKER_HOST=tcp://"+proxy(u, net.IPv4(127, 0, 0, 1)))
	u.tool("wineboot", "--init")
	t.Cleanup(func() { // its processes write into the directory
		stop := exec.Command("wineserver", "--kill")
		stop.Env = append(os.Environ(), "WINEPREFIX="+prefix)
		_ = stop.Run()
	})
	source := filepath.Join(u.dir, "randomness.c")
	if err := os.WriteFile(source, []byte(randomness), 0o600); err != nil {
		t.Fatal(err)
	}
	library := filepath.Join(prefix, "drive_c", "windows", "system32", "bcryptprimitives.dll")
	u.tool(windowsCompiler, "-shared", "-o", library, source, "-ladvapi32")
	u.program = []string{"wine", buildForWindows(t)}
	return u
}

// winePrefix is where Wine has what Windows would have on its disk.
func winePrefix(u *user) string { return filepath.Join(filepath.Dir(u.dir), "wine") }

// driveC is the path of a file on the drive C: for this system.
func driveC(u *user, path string) string { return filepath.Join(winePrefix(u), "drive_c", path) }

// tool runs a program of this system with the user's environment.
func (u *user) tool(args ...string) {
	u.t.Helper()
	cmd := exec.CommandContext(u.t.Context(), args[0], args[1:]...)
	cmd.Env = append(os.Environ(), u.env...)
	if said, err := cmd.CombinedOutput(); err != nil {
		u.t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, said)
	}
}

// buildForWindows builds the program as scripts/release.sh does, with the tests'
// Linux program in it.
func buildForWindows(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	carried, err := filepath.Abs("../helper/payload/facecraft-linux.gz")
	if err != nil {
		t.Fatal(err)
	}
	compressed := filepath.Join(dir, "facecraft-linux.gz")
	compress(t, dockertest.Binary(t), compressed)
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{carried: compressed}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "facecraft.exe")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-trimpath",
		"-tags", "nodynamic,carryhelper", "-ldflags", "-s -w -X main.version=v0.0.0-test", "-o", program,
		"github.com/djok/facecraft/cmd/facecraft")
	cmd.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
	output(t, cmd)
	return program
}

func compress(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	writer, err := gzip.NewWriterLevel(file, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := writer.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
}

// onWindows is the path of a file of this system there.
func onWindows(path string) string { return "Z:" + strings.ReplaceAll(path, "/", `\`) }
