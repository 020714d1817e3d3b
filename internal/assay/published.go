package assay

import (
	"context"
	"os"
	"strings"
	"time"

	"github.com/djok/facecraft/internal/inventory"
	"github.com/djok/facecraft/internal/registry"
	"github.com/djok/facecraft/internal/verify"
)

// published reports what else is in an image's repository.
func (a Assay) published(ctx context.Context, reference string, created time.Time) *verify.Registry {
	repository, _, _ := strings.Cut(reference, "@")
	if tag := inventory.TagOf(repository); tag != "" {
		repository = strings.TrimSuffix(repository, ":"+tag)
	}
	seen := &verify.Registry{Reference: repository + ":latest"}
	a.latest(ctx, repository, created, seen)
	seen.Description = a.description(ctx, reference)
	return seen
}

// latest looks for the latest tag with HEAD requests, which Docker Hub does not
// count. The configuration is read only if that tag is a separate image.
func (a Assay) latest(ctx context.Context, repository string, created time.Time, seen *verify.Registry) {
	digest, err := a.Registry.Digest(ctx, seen.Reference)
	if registry.Missing(err) {
		return
	}
	if err != nil {
		seen.Problem = err.Error()
		return
	}
	seen.Latest, seen.Unrelated = digest, true
	for _, v := range a.Catalogue.Variants {
		if v.Tag == "" {
			continue
		}
		other, err := a.Registry.Digest(ctx, repository+":"+v.Tag)
		seen.Unrelated = seen.Unrelated && registry.Missing(err)
		if err == nil && other == digest {
			seen.Same = repository + ":" + v.Tag
		}
	}
	if seen.Unrelated || seen.Same != "" {
		return
	}
	image, err := a.Registry.Open(ctx, seen.Reference, a.Options.Platform)
	if err != nil {
		return // its age is unknown
	}
	if config, err := image.ConfigFile(); err == nil && config.Created.Before(created) {
		seen.Older = config.Created.Time
	}
}

// maxReadme is Docker Hub's limit for a description, in bytes.
const maxReadme = 25_000

// description compares the repository's description with the README.
func (a Assay) description(ctx context.Context, reference string) verify.Description {
	repository, onHub := registry.HubRepository(reference)
	if !onHub || repository != a.Catalogue.Repository {
		return verify.Description{Unrelated: true}
	}
	readme, err := os.ReadFile(a.Readme)
	if err != nil {
		return verify.Description{Problem: "there is no " + a.Readme + " here to compare it with"}
	}
	text, err := a.Registry.Description(ctx, repository)
	if err != nil {
		return verify.Description{Problem: "Docker Hub did not say: " + err.Error()}
	}
	here, there := normal(string(readme)), normal(text)
	same := here == there || len(here) > maxReadme && len(there) > maxReadme-1000 && strings.HasPrefix(here, there)
	return verify.Description{Known: true, Same: same, Line: firstDifference(here, there)}
}

// normal removes from a text what Docker Hub may change.
func normal(text string) string {
	var lines []string
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		lines = append(lines, strings.TrimRight(line, " \t\r\n"))
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// firstDifference returns the first line, counted from 1, where two texts differ,
// or 0 if they are equal.
func firstDifference(a, b string) int {
	if a == b {
		return 0
	}
	left, right := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(left), len(right)) {
		if left[i] != right[i] {
			return i + 1
		}
	}
	return min(len(left), len(right)) + 1
}
