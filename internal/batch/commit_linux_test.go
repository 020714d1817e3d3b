package batch

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// tracedRun makes the test binary run a batch as a second process. It holds
// the photo directory, the output directory and the server's URL.
const tracedRun = "FACECRAFT_TEST_TRACED_RUN"

// A power failure may happen at any point, so everything a step depends on must
// be on disk before it. The system calls show the order.
func TestPowerFailure(t *testing.T) {
	if os.Getenv(tracedRun) != "" {
		runTraced(t)
		return
	}
	t.Parallel()
	dir := t.TempDir()
	out := filepath.Join(dir, "out", "portraits")
	trace := traced(t, 8, out)
	inOrder(t, trace, "the directories",
		made(filepath.Dir(out)), synced(dir), made(out), synced(filepath.Dir(out)))
	for i := range 8 {
		result := fmt.Sprintf("p%04d-facecraft.png", i)
		temporary := before(t, trace, filepath.Join(out, result))
		inOrder(t, trace, result,
			synced(temporary),
			`write\(\d+<`+regexp.QuoteMeta(filepath.Join(out, journalName))+`>, "[^\n]*`+regexp.QuoteMeta(result),
			synced(filepath.Join(out, journalName)),
			`(linkat|renameat)\([^"]*`+quoted(temporary),
			synced(out))
	}
}

// Results finished during a sync share the next one.
func TestSyncsAreShared(t *testing.T) {
	t.Parallel()
	const photos = 48
	out := t.TempDir()
	trace := traced(t, photos, out, "-e", "inject=fsync:delay_exit=20000")
	syncs := len(regexp.MustCompile(synced(filepath.Join(out, journalName))).FindAllString(trace, -1))
	if syncs == 0 || syncs > photos/2 {
		t.Errorf("%d syncs of the journal for %d results", syncs, photos)
	}
}

// runTraced is the second process: a run with four servers.
func runTraced(t *testing.T) {
	parts := strings.Split(os.Getenv(tracedRun), "\n")
	b := batchOf{dir: parts[0], out: parts[1]}
	for range 4 {
		b.servers = append(b.servers, &Server{URL: parts[2]})
	}
	if results, _, err := b.do(t); err != nil || outcomes(results)[Done] != countFiles(t, b.dir) {
		t.Fatal(outcomes(results), err)
	}
}

// traced runs a batch in a separate process and returns its system calls.
func traced(t *testing.T, n int, out string, flags ...string) string {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not installed")
	}
	in, log := t.TempDir(), filepath.Join(t.TempDir(), "log")
	photos(t, in, n)
	args := append(
		[]string{"-f", "-y", "-s", "20000", "-e", "trace=fsync,linkat,renameat,mkdirat,write", "-o", log},
		flags...)
	cmd := exec.Command(strace, append(args, os.Args[0], "-test.run=^TestPowerFailure$")...)
	cmd.Env = append(os.Environ(), tracedRun+"="+in+"\n"+out+"\n"+newStub().start(t))
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("strace does not work here: %v\n%s", err, output)
	}
	data, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func synced(path string) string { return `fsync\(\d+<` + regexp.QuoteMeta(path) + `>` }

func made(path string) string { return `mkdirat\([^"]*` + quoted(path) }

func quoted(path string) string { return regexp.QuoteMeta(strconv.Quote(path)) }

// before returns the temporary name that was renamed to result.
func before(t *testing.T, trace, result string) string {
	t.Helper()
	for line := range strings.Lines(trace) {
		if (strings.Contains(line, "linkat(") || strings.Contains(line, "renameat(")) &&
			strings.Contains(line, strconv.Quote(result)) {
			_, rest, _ := strings.Cut(line, `"`)
			temporary, _, _ := strings.Cut(rest, `"`)
			return temporary
		}
	}
	t.Fatalf("nothing was renamed to %s", result)
	return ""
}

// inOrder fails unless every pattern occurs after the previous one.
func inOrder(t *testing.T, trace, what string, patterns ...string) {
	t.Helper()
	rest := trace
	for _, pattern := range patterns {
		at := regexp.MustCompile(pattern).FindStringIndex(rest)
		if at == nil {
			t.Errorf("%s: %s is missing or too early", what, pattern)
			return
		}
		rest = rest[at[1]:]
	}
}
