package cli

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/cli/flagset"
	"github.com/djok/facecraft/internal/config"
)

// TestEndpointAlone: whoever names an endpoint wants none of the flags about
// servers that are started here, and the file may set each of them.
func TestEndpointAlone(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for _, flag := range slices.Concat(requestFlags(), fetchFlags()) {
		value := `"x"`
		switch flag.(type) {
		case *cli.BoolFlag:
			value = "true"
		case *cli.IntFlag:
			value = "1"
		}
		text.WriteString(flag.Names()[0] + " = " + value + "\n")
	}
	home := t.TempDir()
	getenv := func(string) string { return home }
	path := config.Path(getenv, runtime.GOOS)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	file, err := flagset.ReadFile(getenv, (&app{}).commandLine().Commands)
	if err != nil {
		t.Fatal(err)
	}
	given := map[string]string{"endpoint": "http://portraits:8000"}
	for _, value := range file.For("process", "", given) {
		t.Errorf("%s is used beside an endpoint", value.Name)
	}
	if n := len(file.For("up", "", nil)); n != len(requestFlags())+len(fetchFlags()) {
		t.Errorf("up uses %d settings", n)
	}
}
