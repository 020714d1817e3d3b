package cli

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/djok/facecraft/internal/golden"
	"github.com/djok/facecraft/internal/manual"
)

// TestManual: what is written about the commands is what they are. To accept a
// change: go test ./internal/cli -run TestManual -update
func TestManual(t *testing.T) {
	t.Parallel()
	docs := filepath.Join("..", "..", "docs")
	program := described((&app{}).commandLine())
	golden.Compare(t, filepath.Join(docs, "commands.md"), program.Markdown())
	golden.Compare(t, filepath.Join(docs, "man", "facecraft.1"), program.Man())
	pages := []string{"facecraft.1"}
	for _, command := range program.Commands {
		pages = append(pages, program.PageName(command))
		golden.Compare(t, filepath.Join(docs, "man", program.PageName(command)), program.ManOf(command))
	}
	files, err := os.ReadDir(filepath.Join(docs, "man"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !slices.Contains(pages, file.Name()) {
			t.Errorf("docs/man/%s is about a command that does not exist", file.Name())
		}
	}
}

// freeForm are the flags whose values nobody can list.
var freeForm = []string{
	"gpus", "image", "port", "env", "timeout", "max-download", "connections", "size", "background", "margin", "fidelity",
	"in-flight", "tail", "ingress", "against", "gateway-image", "page-port",
}

// TestValues: each flag that takes a value is completed, or known to take any.
func TestValues(t *testing.T) {
	t.Parallel()
	var seen []string
	for _, command := range described((&app{}).commandLine()).Commands {
		for _, flag := range command.Flags {
			seen = append(seen, flag.Name(), command.Name+" "+flag.Name())
			if completed := completes(command, flag); (flag.Placeholder != "") != (completed ||
				slices.Contains(freeForm, flag.Name())) {
				t.Errorf("%s --%s: completed is %t", command.Name, flag.Name(), completed)
			}
		}
		if command.Arguments != "" {
			seen = append(seen, command.Name+" ")
			if _, ok := valuesOf[command.Name+" "]; !ok {
				t.Errorf("the arguments of %s are not completed", command.Name)
			}
		}
	}
	for name := range valuesOf {
		if !slices.Contains(seen, name) {
			t.Errorf("%q is neither a flag nor a command that takes arguments", name)
		}
	}
}

func completes(command manual.Command, flag manual.Flag) bool {
	_, ofCommand := valuesOf[command.Name+" "+flag.Name()]
	_, ofAll := valuesOf[flag.Name()]
	return ofCommand || ofAll
}
