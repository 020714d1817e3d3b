package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/djok/facecraft/internal/dockertest"
)

// TestAction runs the step of action.yml as GitHub does, with the program where
// the previous step installs it.
func TestAction(t *testing.T) {
	t.Parallel()
	var action struct {
		Runs struct {
			Steps []struct{ ID, Run string }
		}
	}
	readYAML(t, "../../action.yml", &action)
	script := ""
	for _, step := range action.Runs.Steps {
		if step.ID == "lint" {
			script = step.Run
		}
	}
	temp := t.TempDir()
	program := filepath.Join(temp, "facecraft", "bin", "facecraft")
	if err := os.MkdirAll(filepath.Dir(program), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(dockertest.Binary(t), program); err != nil {
		t.Fatal(err)
	}
	repository := t.TempDir()
	if err := os.WriteFile(filepath.Join(repository, "Dockerfile"), []byte("FROM python\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	step := exec.Command("bash", "-e", "-o", "pipefail", "-c", script)
	step.Dir = repository
	outputs := filepath.Join(temp, "outputs")
	step.Env = append(os.Environ(),
		"RUNNER_TEMP="+temp, "GITHUB_OUTPUT="+outputs, "TARGET=.", "FACECRAFT_CLI_STRICT=false")
	log, _ := step.CombinedOutput()
	if step.ProcessState.ExitCode() != 7 || !strings.Contains(string(log), "python has no tag") {
		t.Errorf("exit code %d:\n%s", step.ProcessState.ExitCode(), log)
	}
	written, err := os.ReadFile(outputs)
	sarif, ok := strings.CutPrefix(strings.TrimSpace(string(written)), "sarif=")
	if err != nil || !ok {
		t.Fatalf("outputs %q, %v", written, err)
	}
	if data, err := os.ReadFile(sarif); err != nil || !strings.Contains(string(data), `"ruleId": "latest"`) {
		t.Errorf("%v\n%s", err, data)
	}
}

// TestPreCommitHook holds the hook to files that lint reads.
func TestPreCommitHook(t *testing.T) {
	t.Parallel()
	var hooks []struct{ ID, Entry, Files string }
	readYAML(t, "../../.pre-commit-hooks.yaml", &hooks)
	if len(hooks) != 1 || hooks[0].Entry != "facecraft lint" {
		t.Fatalf("%+v", hooks)
	}
	files := regexp.MustCompile(hooks[0].Files)
	for _, name := range []string{
		"docker/Dockerfile.cpu", "compose.yaml", "requirements/base.txt", ".github/workflows/a.yml",
		"README.md", "api/.dockerignore",
	} {
		if !files.MatchString(name) {
			t.Errorf("a change of %s does not start the hook", name)
		}
	}
	if files.MatchString("src/main.py") {
		t.Error("a change of src/main.py starts the hook")
	}
}

func readYAML(t *testing.T, file string, into any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}
