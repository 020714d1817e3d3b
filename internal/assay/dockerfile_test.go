package assay

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/inventory"
)

const text = `# check=skip=all
FROM python:3.11-slim AS base
ENV FACECRAFT_API_KEY=x \
    OTHER=y

FROM base
RUN pip install \
    # the default wheel
    torch==2.0.1
HEALTHCHECK CMD curl -f http://localhost:8000/health
CMD ["python", "-m", "app", "--workers", "4"]
`

// TestLinesOfADockerfile are those of the instruction that made a file, or of
// the setting that is wrong.
func TestLinesOfADockerfile(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "Dockerfile")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := ReadDockerfile(name)
	if err != nil {
		t.Fatal(err)
	}
	inv := inventory.Inventory{}
	inv.Config.History = []inventory.Step{{Instruction: "RUN pip install     torch==2.0.1", Layer: 0}}
	inv.Layers = []inventory.Layer{{Entries: []inventory.Entry{{Path: "torch/version.py", Kind: inventory.File}}}}
	if inv.Files, _, err = inventory.Merge(inv.Layers); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		finding.Finding
		line int
	}{
		{finding.Finding{ID: "torch-cuda", Path: "/torch/version.py"}, 7},
		{finding.Finding{ID: "ready"}, 10},
		{finding.Finding{ID: "workers"}, 11},
		{finding.Finding{ID: "secret", Evidence: []string{"ENV FACECRAFT_API_KEY=…"}}, 3},
		{finding.Finding{ID: "secret", Evidence: []string{"ENV OTHER"}}, 3},
		{finding.Finding{ID: "cuda-devel"}, 6},
		{finding.Finding{ID: "root"}, 0},
		{finding.Finding{ID: "models", Path: "/not/there"}, 0},
	} {
		tt.Status = finding.Fail
		list := []finding.Finding{tt.Finding}
		d.attach(list, inv)
		line := 0
		if list[0].Location != nil {
			line = list[0].Location.Line
		}
		if line != tt.line {
			t.Errorf("%s %s %v: line %d, want %d", tt.ID, tt.Path, tt.Evidence, line, tt.line)
		}
	}
	if _, err := ReadDockerfile(name + ".none"); fault.CodeOf(err) != fault.Usage || fault.HintOf(err) == "" {
		t.Errorf("%v", err)
	}
}
