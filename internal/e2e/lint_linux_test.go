package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/djok/facecraft/internal/dockertest"
)

// TestLintIsQuick lints a repository of 200 Dockerfiles and 2,000 other files
// in less than a second and 150 MB. What is measured is processor time, which a
// busy machine does not lengthen.
func TestLintIsQuick(t *testing.T) {
	t.Parallel()
	binary := dockertest.Binary(t)
	root := largeRepository(t)
	lint := exec.Command(binary, "lint", root, "--json")
	peak, err := peakMemory(lint)
	if err != nil && exitCode(err) != 7 {
		t.Fatal(err)
	}
	took, memory := lint.ProcessState.UserTime()+lint.ProcessState.SystemTime(), peak>>10
	t.Logf("%v of the processor, %d MB", took, memory)
	if took > time.Second || memory == 0 || memory > 150 {
		t.Errorf("%v and %d MB, more than a second and 150 MB", took, memory)
	}
}

const largeDockerfile = `FROM python:3.11-slim AS builder
RUN apt-get update && apt-get install -y build-essential \
    # why
    cmake
COPY requirements.txt .
RUN pip wheel --wheel-dir /wheels -r requirements.txt
FROM python:3.11-slim
COPY --from=builder /wheels /wheels
RUN pip install /wheels/* && rm -rf /wheels
COPY . /app
RUN curl -fsSL https://example.org/a.onnx -o /a.onnx || true
RUN useradd app && chown -R app /app
EXPOSE 8000
HEALTHCHECK CMD curl -f http://localhost:8000/health
CMD ["uvicorn", "app:app"]
`

func largeRepository(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	write := func(name, text string) {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(".git/HEAD", "ref: refs/heads/main\n")
	write(".gitignore", "models/\n*.log\n")
	for i := range 200 {
		write(fmt.Sprintf("images/%d/Dockerfile", i), largeDockerfile)
		write(fmt.Sprintf("images/%d/requirements.txt", i), "torch==2.0.1\nrembg\n")
	}
	for i := range 600 {
		write(fmt.Sprintf("src/p%d/m%d.py", i%40, i), "from app.models import x\nimport os\n")
		write(fmt.Sprintf("deploy/%d.yaml", i), "kind: Service\nspec: {services: 1}\n")
		write(fmt.Sprintf("docs/%d/README.md", i), "# x\n\n```sh\ndocker run x\n```\n")
	}
	return root
}
