// Package golden helps tests compare text with an expected file.
package golden

import (
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "update the expected files; read the diff")

// Compare fails the test if got differs from the file. With -update, as in `go
// test ./internal/compose -update`, it writes the file first.
func Compare(t *testing.T, file, got string) {
	t.Helper()
	Update(t, file, []byte(got))
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; to accept the change, run go test . -update in this package. Got:\n%s", file, got)
	}
}

// Update writes the file when the test runs with -update. It is for what is not
// compared as a text.
func Update(t *testing.T, file string, got []byte) {
	t.Helper()
	if !*update {
		return
	}
	if err := os.WriteFile(file, got, 0o644); err != nil {
		t.Fatal(err)
	}
}
