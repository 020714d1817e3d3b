package lint

import (
	"fmt"
	"slices"

	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/python"
	"github.com/djok/facecraft/internal/lint/repo"
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

// onnx reports whether an install adds the second build.
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

// runtimeBuild returns the build of ONNX Runtime that a requirement installs, or "".
func runtimeBuild(r repo.Required) string {
	switch {
	case r.Name == "onnxruntime" || r.Name == "rembg" && slices.Contains(r.Extras, "cpu"):
		return "cpu"
	case r.Name == "onnxruntime-gpu" || r.Name == "rembg" && slices.Contains(r.Extras, "gpu"):
		return "gpu"
	}
	return ""
}
