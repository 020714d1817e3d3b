package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/lint/baseimage"
	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/python"
	"github.com/djok/facecraft/internal/lint/repo"
	"github.com/djok/facecraft/internal/lint/shell"
)

// ortRule finds both builds of ONNX Runtime in one environment: ort-both.
func ortRule(j *judge) {
	for _, i := range j.Images {
		for _, stage := range i.Relevant() {
			seen := map[string]string{} // where each build comes from
			var lineage []repo.Install
			for _, s := range stage.Lineage() {
				lineage = append(lineage, i.Installs(s)...)
			}
			for _, in := range lineage {
				if j.onnx(in, stage, seen) {
					break
				}
			}
		}
	}
}

// onnx tells whether an install brings the second build.
func (j *judge) onnx(in repo.Install, stage *dockerfile.Stage, seen map[string]string) bool {
	for _, r := range in.Requirements {
		build := runtimeBuild(r)
		if build == "" || r.Applies("x86_64") == python.No {
			continue
		}
		if in.Verb == "uninstall" {
			delete(seen, build)
			continue
		}
		at := r.At(in)
		here := fmt.Sprintf("%s: %s", at.String(), r.Name)
		for other, where := range seen {
			if other != build && in.Step.Stage == stage {
				f := j.fail("ort-both", in.Step.Script.Location(in.Cmd.From, in.Cmd.To),
					"onnxruntime and onnxruntime-gpu are installed side by side").about(in.Step)
				f.evidence("%s", where).evidence("%s", here)
				return true
			}
		}
		if seen[build] == "" {
			seen[build] = here
		}
	}
	return false
}

// runtimeBuild is the build of ONNX Runtime that a requirement brings, or "".
func runtimeBuild(r repo.Required) string {
	switch {
	case r.Name == "onnxruntime" || r.Name == "rembg" && slices.Contains(r.Extras, "cpu"):
		return "cpu"
	case r.Name == "onnxruntime-gpu" || r.Name == "rembg" && slices.Contains(r.Extras, "gpu"):
		return "gpu"
	}
	return ""
}

// dlibRule finds dlib built without an optimized BLAS: dlib-blas.
func dlibRule(j *judge) {
	for _, i := range j.Images {
		for _, stage := range i.Relevant() {
			for _, in := range i.Installs(stage) {
				if r, ok := dlib(in); ok && !in.NoIndex && (in.Verb == "install" || in.Verb == "wheel") {
					j.dlib(i, in, r)
				}
			}
		}
	}
}

// dlib is the requirement that has dlib compiled.
func dlib(in repo.Install) (repo.Required, bool) {
	for _, r := range in.Requirements {
		if (r.Name == "dlib" || r.Name == "face-recognition") && !strings.HasSuffix(r.URL+r.Path, ".whl") &&
			r.Applies("x86_64") != python.No {
			return r, true
		}
	}
	return repo.Required{}, false
}

// blas are development packages with an optimized BLAS, of all distributions.
var blas = regexp.MustCompile(`^(libopenblas.*-dev|openblas(-dev|-devel)?|libatlas-base-dev|libmkl(-full)?-dev|intel-mkl.*|intel-oneapi-mkl.*|openblas-devel)$`)

func (j *judge) dlib(i *repo.Image, in repo.Install, r repo.Required) {
	b := baseimage.Parse(in.Step.Stage.Root())
	for _, step := range in.Step.Stage.Chain() {
		if step.Script != nil {
			for _, c := range step.Script.Commands {
				if c.Name() == "xargs" || isPackageManager(c) && slices.ContainsFunc(c.Args(), func(w shell.Word) bool {
					name, _, _ := strings.Cut(w.Text, "=")
					return blas.MatchString(name) || !w.Known()
				}) {
					return
				}
			}
		}
		if step == in.Step {
			break
		}
	}
	where := in.Step.Script.Location(in.Cmd.From, in.Cmd.To)
	if !b.Known() {
		j.unknown("dlib-blas", where, "dlib is compiled here; whether %s has a BLAS is not known",
			shown(in.Step.Stage.Root())).about(in.Step)
		return
	}
	at := r.At(in)
	j.fail("dlib-blas", where, "dlib is compiled without libopenblas-dev and liblapack-dev").about(in.Step).
		severity(finding.Warning).
		evidence("%s: %s", at.String(), r.Name)
}

// workersRule finds a number of workers that cannot be changed, or that loads
// the models several times: workers.
func workersRule(j *judge) {
	for _, i := range j.Images {
		if i.Models() == "" {
			continue
		}
		step, _ := repo.Last[*instructions.CmdCommand](i)
		if step == nil || !startsWorkers(step) {
			if step, _ = repo.Last[*instructions.EntrypointCommand](i); step == nil {
				continue
			}
		}
		for _, c := range step.Script.Commands {
			j.workers(i, step, c)
		}
	}
}

func startsWorkers(step *dockerfile.Step) bool {
	return slices.ContainsFunc(step.Script.Commands, func(c *shell.Command) bool { return workersOf(c) != "" })
}

// workersOf is the number of workers that a command asks for, or "".
func workersOf(c *shell.Command) string {
	server := false
	for n, word := range c.Words {
		switch name := word.Text[strings.LastIndexByte(word.Text, '/')+1:]; {
		case name == "uvicorn" || name == "gunicorn" || name == "hypercorn" || name == "fastapi":
			server = true
		case server && (name == "--workers" || name == "-w") && n+1 < len(c.Words):
			return c.Words[n+1].Text
		case server && strings.HasPrefix(name, "--workers="):
			return strings.TrimPrefix(name, "--workers=")
		}
	}
	return ""
}

var workerVariables = regexp.MustCompile(`^([A-Z0-9]+_)?(WORKERS|WEB_CONCURRENCY|NUM_WORKERS|WORKER_COUNT)$`)

func (j *judge) workers(i *repo.Image, step *dockerfile.Step, c *shell.Command) {
	number := workersOf(c)
	if number == "" || strings.Trim(number, "0123456789") != "" {
		return
	}
	at := step.Script.Location(c.From, c.To)
	if number != "1" && !c.Has("--preload") {
		j.fail("workers", at, "%s workers load all models %s times", number, number).about(step).severity(finding.Note)
		return
	}
	for _, earlier := range i.Final().Chain() {
		env, ok := earlier.Command.(*instructions.EnvCommand)
		if !ok {
			continue
		}
		for _, pair := range env.Env {
			if workerVariables.MatchString(pair.Key) {
				where := earlier.Location()
				j.fail("workers", at, "the command fixes the workers, so that %s changes nothing", pair.Key).about(step).
					severity(finding.Note).
					evidence("%s sets it", where.String())
				return
			}
		}
	}
}
