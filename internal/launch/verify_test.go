package launch

import (
	"bytes"
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/helper"
	"github.com/djok/facecraft/internal/images"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/term"
)

func TestMain(m *testing.M) { dockertest.Main(m) }

// TestPitfallsOfAFetchedImage are one warning that names the command, and no
// failure. A built-in image has none.
func TestPitfallsOfAFetchedImage(t *testing.T) {
	if testing.Short() {
		t.Skip("long under the race detector, which the files depth of verify is tested with elsewhere")
	}
	docker := dockertest.Engine(t)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	var said bytes.Buffer
	lite := dockertest.Lite(t) // which takes longer to build than the look may take
	l := &Launcher{Engine: docker, Images: &images.Store{Docker: docker, Helper: func(string) (*helper.Helper, error) {
		return lite, nil
	}},
		Settings: Settings{Instance: dockertest.Instance(t, docker), Getenv: func(string) string { return t.TempDir() },
			UI: term.New(&said, func(string) string { return "" }, false)}}
	reference := dockertest.Load(t, docker, dockertest.ImageOf(t, dockertest.FileLayer(t, "app/main.py", []byte("x"))))
	l.warnOfPitfalls(t.Context(), plan.Container{Variant: "cpu", Image: plan.Image{Reference: reference}})
	for _, want := range []string{"warning: the image has pitfalls: ", "is not in the image",
		"(facecraft verify " + reference + ")"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("no %q in %q", want, said.String())
		}
	}
	said.Reset()
	for _, image := range []plan.Image{{Reference: "built-in", BuiltIn: true},
		{Reference: "facecraft-test.invalid/none:cpu"}} {
		l.warnOfPitfalls(t.Context(), plan.Container{Variant: "cpu", Image: image})
	}
	if strings.Contains(said.String(), "warning") {
		t.Errorf("said %q", said.String())
	}
}
