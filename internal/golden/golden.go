// Package golden is for tests that compare a text with an expected file.
package golden

import (
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write the expected files anew; read the difference")

// Compare fails the test when got is not what the file has. With -update, as in
// `go test ./internal/compose -update`, the file is written first.
func Compare(t *testing.T, file, got string) {
	t.Helper()
	Update(t, file, []byte(got))
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; after reading the difference, go test . -update in this package accepts it. Got:\n%s", file, got)
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
