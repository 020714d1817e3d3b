package assay_test

import (
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/djok/facecraft/internal/assay"
	"github.com/djok/facecraft/internal/catalogue"
	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/inventory"
	"github.com/djok/facecraft/internal/verify"
)

func without(t *testing.T) assay.Assay {
	t.Helper()
	known, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	checks, err := finding.Checks()
	if err != nil {
		t.Fatal(err)
	}
	return assay.Assay{Catalogue: known, Checks: checks,
		Options: inventory.Options{Depth: inventory.FilesDepth, Platform: "linux/amd64", Interest: assay.InterestOf(known)}}
}

func image(t *testing.T) v1.Image {
	return dockertest.ImageFor(t, "amd64", dockertest.FileLayer(t, "app/main.py", []byte("x")))
}

// published is a repository with an image of the variant, and with a stale tag
// where one is named.
func published(t *testing.T, tags ...string) string {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	repository := strings.TrimPrefix(server.URL, "http://") + "/me/image"
	for _, tag := range tags {
		reference, err := name.NewTag(repository+":"+tag, name.Insecure)
		if err != nil {
			t.Fatal(err)
		}
		if err := remote.Write(reference, image(t)); err != nil {
			t.Fatal(err)
		}
	}
	return repository
}

func answer(t *testing.T, r verify.Report, id string) finding.Finding {
	t.Helper()
	for _, f := range r.Findings {
		if f.ID == id {
			return f
		}
	}
	t.Fatalf("no %s", id)
	return finding.Finding{}
}

// TestLatest asks the registry for the tag that nobody should need.
func TestLatest(t *testing.T) {
	t.Parallel()
	for tags, want := range map[string]finding.Status{"cpu": finding.Pass, "cpu latest": finding.Fail} {
		repository := published(t, strings.Fields(tags)...)
		report, err := without(t).Verify(t.Context(), repository+":cpu")
		if err != nil {
			t.Fatal(err)
		}
		f := answer(t, report, "latest")
		if f.Status != want {
			t.Errorf("%s: %s, %s", tags, f.Status, f.Statement)
		}
		if want == finding.Fail && !strings.Contains(strings.Join(f.Evidence, " "), "same image as") {
			t.Errorf("evidence %v", f.Evidence)
		}
		if offline := answer(t, report, "offline"); offline.Status != finding.Unknown || !strings.Contains(offline.Statement, "not in the daemon") {
			t.Errorf("%+v", offline)
		}
	}
}

func TestFile(t *testing.T) {
	t.Parallel()
	tag, err := name.NewTag("facecraft.invalid/x:cpu")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "image.tar")
	if err := tarball.WriteToFile(file, tag, image(t)); err != nil {
		t.Fatal(err)
	}
	report, err := without(t).Verify(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	if f := answer(t, report, "root"); f.Status != finding.Fail {
		t.Errorf("%+v", f)
	}
	if err := report.Err(false); fault.CodeOf(err) != fault.Pitfall {
		t.Errorf("%v", err)
	}
}

// TestTargets that are none have a remedy.
func TestTargets(t *testing.T) {
	t.Parallel()
	text := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(text, []byte("nothing like an image\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for target, want := range map[string]string{
		"":                       "no image to verify",
		"./not/there":            "there is no image in ./not/there",
		"image.tar":              "there is no image in image.tar",
		text:                     "cannot be verified",
		"UPPER CASE":             "not an image reference",
		published(t) + ":absent": "the image does not exist",
	} {
		_, err := without(t).Verify(t.Context(), target)
		if err == nil || !strings.Contains(err.Error(), want) || fault.HintOf(err) == "" {
			t.Errorf("%q: %v, fix %q; want %q", target, err, fault.HintOf(err), want)
		}
	}
}
