//go:build !nodynamic

package photo

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// TestDecoders runs the tests of the decoders, which are built with their tag
// only. It names them one by one: it must never run itself.
func TestDecoders(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds tests anew; the decoders' code is not this program's")
	}
	const tests = "^(TestHEIFIsConverted|TestBrokenHEIC|TestTurnedAVIF|TestLargeAVIF|TestHEIFPortraits|TestLargeHEIF)$"
	output, err := exec.Command("go", "test", "-tags", "nodynamic", "-run", tests, ".", "../lite").CombinedOutput()
	if err != nil {
		t.Errorf("%v: %s", err, output)
	}
}

// TestBuildsAreStatic builds the program as make, install.sh and release.sh do,
// with the decoders, and as go install does, without. None may need a library of
// the system: the program is also what runs in an empty image.
func TestBuildsAreStatic(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("looks into executables of Linux")
	}
	if testing.Short() {
		t.Skip("builds the program twice")
	}
	for name, flags := range map[string][]string{
		"with the decoders": {"-tags", "nodynamic"}, "as go install does": nil,
	} {
		binary := filepath.Join(t.TempDir(), "facecraft")
		build := exec.Command("go", append(append([]string{"build"}, flags...), "-o", binary, "../../cmd/facecraft")...)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if output, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", name, err, output)
		}
		wantStatic(t, name, binary)
	}
}

func wantStatic(t *testing.T, name, binary string) {
	t.Helper()
	file, err := elf.Open(binary)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP {
			t.Errorf("%s: the program is linked dynamically", name)
		}
	}
	if libraries, err := file.ImportedLibraries(); err == nil && len(libraries) > 0 {
		t.Errorf("%s: the program needs %v", name, libraries)
	}
}

// TestBuildLines finds the program's builds in scripts, and wants each without
// cgo and with the decoders.
func TestBuildLines(t *testing.T) {
	t.Parallel()
	builds := regexp.MustCompile(`go build (?:\\\n|[^\n])*`)
	const tagged = "-tags nodynamic"
	for path, want := range map[string]string{
		"../../Makefile": tagged, "../../install.sh": tagged, "../../.ci/run": tagged,
		"../../scripts/release.sh": `"$@"`, // pack's flags, below
	} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range builds.FindAllIndex(text, -1) {
			line := string(text[max(0, at[0]-14):at[1]])
			if strings.Contains(line, "failed") || strings.Contains(line, "./scripts/") { // a message, a tool
				continue
			}
			if !strings.HasPrefix(line, "CGO_ENABLED=0 ") || !strings.Contains(line, want) {
				t.Errorf("%s: %s", path, line)
			}
		}
		for _, line := range strings.Split(string(text), "\n") {
			if strings.HasPrefix(strings.TrimSpace(line), "pack ") && !strings.Contains(line, "-tags nodynamic") {
				t.Errorf("%s: %s", path, line)
			}
		}
	}
}
