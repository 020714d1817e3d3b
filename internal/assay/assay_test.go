package assay_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
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
		Options: inventory.Options{Depth: inventory.FilesDepth, Platform: "linux/amd64",
			Interest: assay.InterestOf(known)}}
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
	for tags, want := range map[string]finding.Status{
		"cpu": finding.Pass, "cpu latest": finding.Fail, "1.0 latest": finding.NotApplicable, // of something else
	} {
		repository := published(t, strings.Fields(tags)...)
		report, err := without(t).Verify(t.Context(), repository+":"+strings.Fields(tags)[0])
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
		if offline := answer(t, report, "offline"); offline.Status != finding.Unknown ||
			!strings.Contains(offline.Statement, "not in the daemon") {
			t.Errorf("%+v", offline)
		}
	}
}

// TestOldLatest is a separate image, which users of the bare name get.
func TestOldLatest(t *testing.T) {
	t.Parallel()
	repository := published(t)
	for tag, year := range map[string]int{"cpu": 2026, "latest": 2023} {
		img, err := mutate.CreatedAt(image(t), v1.Time{Time: time.Date(year, 5, 1, 0, 0, 0, 0, time.UTC)})
		if err != nil {
			t.Fatal(err)
		}
		dockertest.Push(t, repository+":"+tag, img)
	}
	report, err := without(t).Verify(t.Context(), repository+":cpu")
	if err != nil {
		t.Fatal(err)
	}
	if f := answer(t, report, "latest"); !strings.Contains(strings.Join(f.Evidence, " "), "built 2023-05-01") {
		t.Errorf("%+v", f)
	}
}

// hub answers as Docker Hub: the registry's part with an image, and the page of
// its repository.
type hub struct {
	registry, description string
}

func (h hub) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host == "hub.docker.com" {
		body, err := json.Marshal(map[string]string{"full_description": h.description})
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, err
	}
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host, r.Host = "http", h.registry, h.registry
	return http.DefaultTransport.RoundTrip(r)
}

// TestDescription compares the page on Docker Hub with the README, as far as
// the hub keeps it.
func TestDescription(t *testing.T) {
	t.Parallel()
	host := strings.Split(published(t), "/")[0]
	dockertest.Push(t, host+"/djok/facecraft:cpu", image(t))
	dockertest.Push(t, host+"/somebody/else:cpu", image(t))
	long := strings.Repeat("A line of a long description.\n", 1000)
	for name, tt := range map[string]struct {
		target, readme, page string
		want                 finding.Status
	}{
		"equal": {"djok/facecraft:cpu", "# Facecraft\n\nPortraits\n", "# Facecraft\r\n\r\nPortraits",
			finding.Pass},
		"cut off": {"djok/facecraft:cpu", long, long[:25_000], finding.Pass},
		"different": {"djok/facecraft:cpu", "# Facecraft\n\nPortraits\n", "# Facecraft\n\nOld words\n",
			finding.Fail},
		"empty":           {"djok/facecraft:cpu", "# Facecraft\n", "", finding.Fail},
		"no README":       {"djok/facecraft:cpu", "", "text", finding.Unknown},
		"another project": {"somebody/else:cpu", "# Facecraft\n", "text", finding.NotApplicable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := without(t)
			a.Registry.Transport = hub{host, tt.page}
			a.Readme = filepath.Join(t.TempDir(), "README.md")
			if tt.readme != "" {
				if err := os.WriteFile(a.Readme, []byte(tt.readme), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			report, err := a.Verify(t.Context(), assay.InRegistry+tt.target)
			if err != nil {
				t.Fatal(err)
			}
			if f := answer(t, report, "hub-readme"); f.Status != tt.want {
				t.Errorf("%s: %s %v", f.Status, f.Statement, f.Evidence)
			}
		})
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
