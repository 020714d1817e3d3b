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

// tracedRun is how the second process of TestPowerCut knows its part: where
// the photos lie, where results go, and the server.
const tracedRun = "FACECRAFT_TEST_TRACED_RUN"

// A power cut may come at any point: what a step needs is on the disk before
// it. The system calls show the order.
func TestPowerCut(t *testing.T) {
	if place := os.Getenv(tracedRun); place != "" {
		parts := strings.Split(place, "\n")
		b := batchOf{dir: parts[0], out: parts[1], servers: []*Server{{URL: parts[2]}}}
		if results, _, err := b.do(t); err != nil || outcomes(results)[Done] != 8 {
			t.Fatal(outcomes(results), err)
		}
		return
	}
	t.Parallel()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not installed")
	}
	in, dir := t.TempDir(), t.TempDir()
	out := filepath.Join(dir, "out", "portraits")
	photos(t, in, 8)
	log := filepath.Join(dir, "log")
	cmd := exec.Command(strace, "-f", "-y", "-s", "20000", "-e", "trace=fsync,linkat,renameat,mkdirat,write", "-o", log, os.Args[0], "-test.run=^TestPowerCut$")
	cmd.Env = append(os.Environ(), tracedRun+"="+in+"\n"+out+"\n"+newStub().start(t))
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("strace cannot be used here: %v\n%s", err, output)
	}
	data, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	trace := string(data)
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

func synced(path string) string { return `fsync\(\d+<` + regexp.QuoteMeta(path) + `>` }

func made(path string) string { return `mkdirat\([^"]*` + quoted(path) }

func quoted(path string) string { return regexp.QuoteMeta(strconv.Quote(path)) }

// before finds the temporary name from which a file got its own.
func before(t *testing.T, trace, result string) string {
	t.Helper()
	for line := range strings.Lines(trace) {
		if (strings.Contains(line, "linkat(") || strings.Contains(line, "renameat(")) && strings.Contains(line, strconv.Quote(result)) {
			_, rest, _ := strings.Cut(line, `"`)
			temporary, _, _ := strings.Cut(rest, `"`)
			return temporary
		}
	}
	t.Fatalf("nothing is called %s", result)
	return ""
}

// inOrder fails unless each pattern is found behind the one before.
func inOrder(t *testing.T, trace, what string, patterns ...string) {
	t.Helper()
	rest := trace
	for _, pattern := range patterns {
		at := regexp.MustCompile(pattern).FindStringIndex(rest)
		if at == nil {
			t.Errorf("%s: %s is missing, or comes too early", what, pattern)
			return
		}
		rest = rest[at[1]:]
	}
}
