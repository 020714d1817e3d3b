package lint

import (
	"regexp"
	"strings"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/lint/baseimage"
	"github.com/djok/facecraft/internal/lint/python"
	"github.com/djok/facecraft/internal/lint/repo"
)

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

// dlib returns the requirement that makes pip compile dlib.
func dlib(in repo.Install) (repo.Required, bool) {
	for _, r := range in.Requirements {
		if (r.Name == "dlib" || r.Name == "face-recognition") && !strings.HasSuffix(r.URL+r.Path, ".whl") &&
			r.Applies("x86_64") != python.No {
			return r, true
		}
	}
	return repo.Required{}, false
}

// blas matches development packages of an optimized BLAS, in all distributions.
var blas = regexp.MustCompile(`^(libopenblas.*-dev|openblas(-dev|-devel)?|libatlas-base-dev` +
	`|libmkl(-full)?-dev|intel-mkl.*|intel-oneapi-mkl.*)$`)

func (j *judge) dlib(i *repo.Image, in repo.Install, r repo.Required) {
	b := baseimage.Parse(in.Step.Stage.Root())
	for _, step := range in.Step.Stage.Chain() {
		if step.Script != nil {
			for _, c := range step.Script.Commands {
				if mayInstall(c, blas.MatchString) {
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
