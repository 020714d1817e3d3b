package assay_test

import (
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/assay"
	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/helper"
	"github.com/djok/facecraft/internal/images"
	"github.com/djok/facecraft/internal/inventory"
	"github.com/djok/facecraft/internal/trial"
	"github.com/djok/facecraft/internal/verify"
)

func TestMain(m *testing.M) { dockertest.Main(m) }

// onDaemon is an assay of images in the machine's Docker.
func onDaemon(t *testing.T, depth inventory.Depth) assay.Assay {
	t.Helper()
	docker := dockertest.Engine(t)
	a := without(t)
	a.Options.Depth, a.Options.Cache = depth, inventory.Cache(t.TempDir())
	a.Daemon = &trial.Daemon{Docker: docker, Instance: dockertest.Instance(t, docker),
		Images: &images.Store{Docker: docker, Helper: func(string) (*helper.Helper, error) {
			return dockertest.Lite(t), nil
		}}}
	return a
}

// TestDebian recognises a real torch and a real model, in an image as it is on
// the daemon and as the daemon exports it.
func TestDebian(t *testing.T) {
	root := dockertest.Debian(t)
	const predictor = "/usr/share/dlib/shape_predictor_68_face_landmarks.dat"
	for _, depth := range []inventory.Depth{inventory.FilesDepth, inventory.LayersDepth} {
		a := onDaemon(t, depth)
		reference := dockertest.Import(t, a.Daemon.Docker, root, "ENV FACECRAFT_PREDICTOR_PATH="+predictor)
		report, err := a.Verify(t.Context(), reference)
		if err != nil {
			t.Fatal(err)
		}
		torch := answer(t, report, "torch-cuda")
		if torch.Status != finding.Pass || !strings.HasPrefix(torch.Statement, "torch 1.") ||
			!strings.HasSuffix(torch.Statement, "is the CPU build") {
			t.Errorf("%s: %s, %s", depth, torch.Status, torch.Statement)
		}
		for _, f := range report.Findings {
			if f.ID == "models" && f.Path == predictor {
				t.Errorf("%s: %s", depth, f.Statement)
			}
		}
		if f := answer(t, report, "licence"); f.Status != finding.NotApplicable { // there is no label
			t.Errorf("%s: %+v", depth, f)
		}
		if n := report.Size.Causes[verify.Models]; n != 99_693_937 {
			t.Errorf("%s: %d bytes of models", depth, n)
		}
	}
}
