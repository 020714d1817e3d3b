package verify

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/inventory"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

const licenceLabel = "org.opencontainers.image.licenses"

// permissive are licences that allow commercial use.
var permissive = regexp.MustCompile(`(?i)^\s*\(?(MIT|Apache-2\.0|BSD-[23]-Clause|ISC|Unlicense|0BSD|CC0-1\.0|Zlib)(\s+(AND|OR)\s+(MIT|Apache-2\.0|BSD-[23]-Clause|ISC|Unlicense|0BSD|CC0-1\.0|Zlib))*\)?\s*$`)

// licence holds the label against the terms of the models that are there.
func licence(s *subject) []result {
	var terms []string
	for _, model := range s.variant.Needs.Models {
		if node, _ := s.Files.Find(s.place(model)); node != nil && model.NonCommercial != "" {
			terms = append(terms, model.Name+" is under "+model.NonCommercial)
		}
	}
	label := s.Config.Labels[licenceLabel]
	switch {
	case len(terms) == 0:
		return []result{beside("no model with terms of its own is in the image")}
	case label == "":
		return []result{beside("there is no licence label")}
	case permissive.MatchString(label):
		return []result{fail("the licence label says %s only", short(label)).with(terms...).keyed("label")}
	}
	return []result{pass("the licence label is %s", short(label)).with(terms...)}
}

// described are the labels that tools show.
var described = []string{"org.opencontainers.image.source", "org.opencontainers.image.version", "org.opencontainers.image.title", licenceLabel}

// maxStop is how long a server may take to end, in the engine's default.
const maxStop = 10 * time.Second

func meta(s *subject) []result {
	var lacking, list []string
	for _, label := range described {
		if s.Config.Labels[label] == "" {
			lacking = append(lacking, "no label "+label)
		}
	}
	if len(s.Config.Exposed) == 0 {
		lacking = append(lacking, "no EXPOSE")
	}
	if platforms := s.variant.Platforms; len(platforms) > 0 && !slices.Contains(platforms, s.Config.Platform) {
		lacking = append(lacking, "it is for "+s.Config.Platform+", and the variant for "+strings.Join(platforms, " and "))
	}
	var results []result
	if s.Config.StopSignal == "SIGKILL" || s.Config.StopSignal == "9" {
		results = append(results, fail("STOPSIGNAL %s ends the server in the middle of a photo", s.Config.StopSignal).graded(finding.Warning).keyed("signal"))
	}
	if stop := s.seen.Stop; stop != nil && (stop.Killed || stop.After >= maxStop) {
		results = append(results, fail("it does not end within %s of SIGTERM", maxStop).graded(finding.Warning).known(inventory.RunDepth).keyed("stop").
			with("a shell as the first process does not pass signals on").mended(`use the exec form: CMD ["python", "-m", "uvicorn", …]`))
	}
	list = append(list, lacking...)
	if len(list) > 0 {
		results = append(results, fail("the image describes itself incompletely").with(list...).keyed("labels"))
	}
	if len(results) == 0 {
		results = append(results, pass("labels, port and platform are set"))
	}
	return results
}

func latest(s *subject) []result {
	seen := s.seen.Registry
	switch {
	case seen == nil:
		return []result{unknown("the registry was not asked; verify the image by its name in the registry").known(inventory.ConfigDepth)}
	case seen.Problem != "":
		return []result{unknown("the registry did not answer: %s", seen.Problem)}
	case seen.Latest == "":
		return []result{pass("there is no latest tag")}
	}
	r := fail("%s exists", seen.Reference).with("digest " + seen.Latest).keyed("latest")
	if seen.Same != "" {
		r = r.with("it is the same image as " + seen.Same)
	}
	return []result{r}
}

func hubReadme(s *subject) []result {
	return []result{unknown("verify does not read descriptions; facecraft lint checks that the workflow syncs the README")}
}

var workerFlag = regexp.MustCompile(`(?:--workers[= ]|-w )\s*(\d+)`)

// workers looks at the command and at what variables promise.
func workers(s *subject) []result {
	command := strings.Join(append(slices.Clone(s.Config.Entrypoint), s.Config.Cmd...), " ")
	if m := workerFlag.FindStringSubmatch(command); m != nil && m[1] != "1" && m[1] != "0" && !strings.Contains(command, "--preload") {
		return []result{fail("the command starts %s workers, and each loads all models", m[1]).with("CMD " + short(command)).keyed("flag")}
	}
	if value, ok := s.Config.Variable("WEB_CONCURRENCY"); ok && value != "1" && value != "" {
		return []result{fail("WEB_CONCURRENCY starts %s workers, and each loads all models", short(value)).with("ENV WEB_CONCURRENCY=" + short(value)).keyed("variable")}
	}
	if value, ok := s.Config.Variable("FACECRAFT_WORKERS"); ok && value != "1" && !strings.Contains(command, "FACECRAFT_WORKERS") {
		return []result{fail("FACECRAFT_WORKERS is %s, and the command does not read it", short(value)).
			with("ENV FACECRAFT_WORKERS="+short(value), "CMD "+short(command)).keyed("unread")}
	}
	return []result{pass("the command starts one worker")}
}

// minLeftovers is not worth a word below, in bytes.
const minLeftovers = 1_000_000

var leftoverPlaces = []struct {
	name string
	pattern
}{
	{"pip's cache", where(".cache/", `(^|/)\.cache/(pip|uv)/`)},
	{"conda's packages", where("/pkgs/", `^opt/conda/pkgs/|(^|/)(mini|ana)conda3?/pkgs/`)},
	{"apt's lists", where("", `^var/lib/apt/lists/|^var/cache/apt/`)},
	{"wheels", where(".whl", `\.whl$`)},
	{"a Git repository", where(".git/", `(^|/)\.git/`)},
}

func leftovers(s *subject) []result {
	var evidence []string
	var sum int64
	for _, place := range leftoverPlaces {
		nodes := s.matching(place.pattern)
		if n := bytesOf(nodes); n > 0 {
			sum += n
			evidence = append(evidence, bytes(n)+", "+place.name+": /"+nodes[0].Path)
		}
	}
	if sum < minLeftovers {
		return []result{pass("no caches or wheels of the build are left")}
	}
	return []result{fail("%s of the build's leftovers are in the image", bytes(sum)).with(evidence...).saving(sum).keyed("leftovers")}
}
