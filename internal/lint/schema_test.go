package lint

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/djok/facecraft/internal/finding"
)

// TestSchema holds the reports on the corpus, on all examples and on ignores to
// what the documentation promises.
func TestSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("../../docs/lint.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	repositories := corpus(t)
	checks, err := Checks()
	if err != nil {
		t.Fatal(err)
	}
	for _, check := range checks {
		repositories[check.ID] = files(check.Before)
	}
	repositories["ignored"] = files("# facecraft: ignore=root until=2099-01-01 why not\n# facecraft: " +
		"ignore=latest\nFROM python:3.11\n")
	for name, root := range repositories {
		data, err := json.Marshal(run(t, root).Report)
		if err != nil {
			t.Fatal(err)
		}
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(document); err != nil {
			t.Errorf("%s: %v\n%s", name, err, data)
		}
	}
}

// TestIgnores accepts pitfalls in the source and in the project's file.
func TestIgnores(t *testing.T) {
	const root = "Dockerfile:1:1 root the image runs as root: no USER is set"
	for name, row := range map[string]struct{ text, want string }{
		"above the instruction": {"FROM python:3.11-slim\n# facecraft: ignore=torch-cuda until=2099-01-01 wanted\n# " +
			"more\nRUN pip install \\\n  torch\nUSER 1\n", ""},
		"inside the instruction": {"FROM python:3.11-slim\nRUN pip install \\\n# facecraft: ignore=torch-index " +
			"until=2099-01-01 wanted\n  torch\nUSER 1\n", ""},
		"of another instruction": {
			"FROM python:3.11-slim\nRUN pip install torch\n# facecraft: ignore=torch-cuda until=2099-01-01 wanted\nUSER 1\n",
			"Dockerfile:2:5 torch-cuda PyTorch comes with CUDA: no index for the CPU build is set\nDockerfile:3:1 " +
				"ignore-unused the ignore of torch-cuda matches nothing"},
		"what is missing, anywhere": {"FROM python:3.11-slim\nCOPY a /a\n# facecraft: ignore=user until=2099-01-01 the " +
			"engine maps root\n", ""},
		"without a last day": {
			"# facecraft: ignore=root\nFROM python:3.11-slim\n",
			"Dockerfile:1:1 ignore-invalid this ignore is not honoured: the reason is missing\nDockerfile:2:1 root the image " +
				"runs as root: no USER is set"},
		"expired": {
			"FROM python:3.11-slim\n# facecraft: ignore=root until=2026-11-24 soon\n",
			root + "\nDockerfile:2:1 ignore-expired the ignore of root expired on 2026-11-24"},
		"in YAML": {"-- compose.yml --\nservices:\n  a:\n    image: redis # facecraft: ignore=latest until=2099-01-01 " +
			"a cache\n", ""},
		"in a README": {"-- README.md --\n4 GB\n\n<!-- facecraft: ignore=readme-example until=2099-01-01 no API -->\n\n   " +
			" docker run -p 1:1 djok/facecraft:cpu\n", ""},
		"by the file": {"FROM python:3.11-slim\n-- .facecraft.yaml --\nignore:\n- {id: root, path: Dockerfile, reason: x, " +
			"until: 2099-01-01}\n- {id: models, reason: verify sees it, until: 2099-01-01}\n", ""},
		"by the file, elsewhere": {
			"FROM python:3.11-slim\n-- .facecraft.yaml --\nignore:\n- {id: fetch, path: x, reason: x, until: 2099-01-01}\n",
			".facecraft.yaml:2:3 ignore-unused the ignore of fetch matches nothing\n" + root},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, files(row.text))
			if got := show(r); got != row.want {
				t.Errorf("found\n%s\nwant\n%s", got, row.want)
			}
			for _, f := range r.Findings {
				if f.Status == finding.Fail && f.Depth != "sources" {
					t.Errorf("%s has the depth %q", f.ID, f.Depth)
				}
			}
		})
	}
}
