package workflow

import (
	"testing"

	"github.com/djok/facecraft/internal/lint/source"
	"github.com/djok/facecraft/internal/lint/yamltree"
)

func TestParse(t *testing.T) {
	f, err := Parse(source.New(".github/workflows/a.yml", []byte(`on: push
jobs:
  build:
    environment: hub
    steps:
      - uses: docker/login-action@v3
        with: {password: "${{ secrets.TOKEN }}"}
      - run: |
          docker build -t a:${{ github.sha }} .
          docker push a
  call:
    uses: ./.github/workflows/b.yml
`)))
	if err != nil || len(f.Jobs) != 2 || !f.Jobs[1].Reusable {
		t.Fatal(f, err)
	}
	job := f.Jobs[0]
	if !job.Environment || job.Secrets[0].Name != "TOKEN" || job.Steps[0].Uses != "docker/login-action" {
		t.Errorf("%+v", job)
	}
	if yamltree.Text(job.Steps[0].With("password")) == "" || len(job.Steps[1].Commands) != 2 {
		t.Errorf("%+v", job.Steps[1])
	}
	if !Named(".github/workflows/a.yml") || Named("workflows/a.yml") || Named(".github/a.yml") {
		t.Error("Named")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("jobs:\n  a: {steps: [{uses: b@c, with: {d: e}}, {run: 'docker push ${{ x }}'}, 1]}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse(source.New("w.yml", data))
		if err != nil || file == nil {
			return
		}
		for _, job := range file.Jobs {
			for _, step := range job.Steps {
				step.With("d")
			}
		}
	})
}
