package e2e

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/djok/facecraft/"

// TestImportDirections holds the packages to docs/architecture.md: everything
// points towards plan, plan does no I/O, and Docker's types stay where the
// daemon is spoken to.
func TestImportDirections(t *testing.T) {
	t.Parallel()
	output, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := 0
	for line := range strings.Lines(string(output)) {
		fields := strings.Fields(strings.ReplaceAll(line, module, ""))
		packages++
		for _, imported := range fields[1:] {
			if why := forbidden(fields[0], imported); why != "" {
				t.Errorf("%s imports %s: %s", fields[0], imported, why)
			}
		}
	}
	if packages < 10 {
		t.Errorf("saw only %d packages:\n%s", packages, output)
	}
}

// speakDocker are the packages that may know Docker's types.
var speakDocker = []string{"internal/containers", "internal/engine", "internal/helper", "internal/images", "internal/run", "internal/trial", "internal/detect", "internal/dockertest"}

// pure are packages without I/O or knowledge of the outside, with all that
// they may import beside the standard library.
var pure = map[string][]string{
	"internal/fault":     nil,
	"internal/format":    nil,
	"internal/matting":   nil,
	"internal/plan":      {"internal/fault", "internal/format"},
	"internal/yamltext":  nil,
	"internal/compose":   {"internal/format", "internal/plan", "internal/yamltext"},
	"internal/dockerrun": {"internal/plan"},
	"internal/kube":      {"internal/format", "internal/plan", "internal/yamltext"},
	"internal/doctor":    {"internal/format", "internal/plan", "internal/fault"},
	"internal/finding":   {"internal/fault", "go.yaml.in/yaml/v3"},
}

func forbidden(from, imported string) string {
	standard := !strings.Contains(strings.Split(imported, "/")[0], ".") && !strings.HasPrefix(imported, "internal/")
	if allowed, ok := pure[from]; ok && !standard && !slices.Contains(allowed, imported) {
		return "it may import only the standard library and " + strings.Join(allowed, ", ")
	}
	if from == "internal/plan" && slices.Contains([]string{"os", "os/exec", "net/http", "io/fs", "time", "context"}, imported) {
		return "a plan is made without I/O"
	}
	if strings.HasPrefix(imported, "github.com/docker/docker") && !slices.Contains(speakDocker, from) {
		return "Docker's types stay in " + strings.Join(speakDocker, ", ")
	}
	if strings.HasPrefix(imported, "github.com/urfave/cli") && from != "internal/cli" {
		return "flags and screens are the command line's"
	}
	if imported == "internal/cli" && from != "cmd/facecraft" {
		return "the command line is the top"
	}
	if slices.Contains([]string{"internal/dockertest", "internal/golden", "internal/plantest"}, imported) {
		return "it is for tests"
	}
	return ""
}
