package verify

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/inventory"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

const licenceLabel = "org.opencontainers.image.licenses"

// permissive matches licences that allow commercial use.
var permissive = regexp.MustCompile(`(?i)^\s*\(?(MIT|Apache-2\.0|BSD-[23]-Clause|ISC|Unlicense|0BSD|CC0-1\.0|Zlib)` +
	`(\s+(AND|OR)\s+(MIT|Apache-2\.0|BSD-[23]-Clause|ISC|Unlicense|0BSD|CC0-1\.0|Zlib))*\)?\s*$`)

// licence compares the label with the terms of the models in the image.
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
		return []result{beside("no model with separate terms is in the image")}
	case label == "":
		return []result{beside("there is no licence label")}
	case permissive.MatchString(label):
		return []result{fail("the licence label says %s only", short(label)).with(terms...).keyed("label")}
	}
	return []result{pass("the licence label is %s", short(label)).with(terms...)}
}

const versionLabel = "org.opencontainers.image.version"

// baseVersion returns the version of the distribution. Its images have that as a
// label, which images built on them inherit: Ubuntu's says 22.04.
func (s *subject) baseVersion() string {
	for _, file := range []string{"etc/os-release", "usr/lib/os-release"} {
		for _, line := range lines(s.Inventory, file) {
			if version, ok := strings.CutPrefix(line, "VERSION_ID="); ok {
				return strings.Trim(version, `"'`)
			}
		}
	}
	return ""
}

// described lists the labels that tools show.
var described = []string{"org.opencontainers.image.source", versionLabel,
	"org.opencontainers.image.title", licenceLabel}

// maxStop is how long a server may take to stop: the engine's default.
const maxStop = 10 * time.Second

func meta(s *subject) []result {
	var lacking []string
	for _, label := range described {
		switch value := s.Config.Labels[label]; {
		case value == "":
			lacking = append(lacking, "no label "+label)
		case label == versionLabel && value == s.baseVersion():
			lacking = append(lacking, "label "+label+" is the base's: "+short(value))
		}
	}
	if len(s.Config.Exposed) == 0 {
		lacking = append(lacking, "no EXPOSE")
	}
	if platforms := s.variant.Platforms; len(platforms) > 0 && !slices.Contains(platforms, s.Config.Platform) {
		lacking = append(lacking, "it is for "+s.Config.Platform+", and the variant for "+
			strings.Join(platforms, " and "))
	}
	var results []result
	if s.Config.StopSignal == "SIGKILL" || s.Config.StopSignal == "9" {
		results = append(results, fail("STOPSIGNAL %s ends the server in the middle of a photo", s.Config.StopSignal).
			graded(finding.Warning).keyed("signal"))
	}
	if stop := s.seen.Stop; stop != nil && (stop.Killed || stop.After >= maxStop) {
		results = append(results, fail("it does not end within %s of SIGTERM", maxStop).graded(finding.Warning).
			known(inventory.RunDepth).keyed("stop").
			with("a shell as the first process does not pass signals on").
			remedied(`use the exec form: CMD ["python", "-m", "uvicorn", …]`))
	}
	if len(lacking) > 0 {
		results = append(results, fail("the image describes itself incompletely").with(lacking...).keyed("labels"))
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
		return []result{beside("only an image in a registry has other tags beside it")}
	case seen.Problem != "":
		return []result{unknown("the registry did not answer: %s", seen.Problem)}
	case seen.Latest == "":
		return []result{pass("there is no latest tag")}
	case seen.Unrelated:
		return []result{beside("the repository has no variants that latest could be taken for")}
	}
	r := fail("%s exists", seen.Reference).with("digest " + seen.Latest).keyed("latest")
	switch {
	case seen.Same != "":
		r = r.with("it is the same image as " + seen.Same)
	case !seen.Older.IsZero():
		r = r.with("it is older than this image: built " + seen.Older.Format(time.DateOnly))
	}
	return []result{r}
}

func hubReadme(s *subject) []result {
	if s.seen.Registry == nil {
		return []result{beside("only an image in a registry has a description")}
	}
	switch d := s.seen.Registry.Description; {
	case d.Unrelated:
		return []result{beside("it is not the catalogue's repository on Docker Hub")}
	case !d.Known:
		return []result{unknown("%s", d.Problem)}
	case !d.Same:
		return []result{fail("the description on Docker Hub is not the README").
			with(fmt.Sprintf("they differ from line %d of the README on", d.Line)).keyed("readme")}
	}
	return []result{pass("the description on Docker Hub is the README")}
}

var workerFlag = regexp.MustCompile(`(?:--workers[= ]|-w )\s*(\d+)`)

// workers checks the command, what variables promise, and the processes that were
// running.
func workers(s *subject) []result {
	memory := s.workerMemory()
	command := strings.Join(append(slices.Clone(s.Config.Entrypoint), s.Config.Cmd...), " ")
	if m := workerFlag.FindStringSubmatch(command); m != nil && m[1] != "1" && m[1] != "0" &&
		!strings.Contains(command, "--preload") {
		return []result{fail("the command starts %s workers, and each loads all models", m[1]).
			with("CMD " + short(command)).
			with(memory...).keyed("flag")}
	}
	if value, ok := s.Config.Variable("WEB_CONCURRENCY"); ok && value != "1" && value != "" {
		return []result{fail("WEB_CONCURRENCY starts %s workers, and each loads all models", short(value)).
			with("ENV WEB_CONCURRENCY=" + short(value)).with(memory...).keyed("variable")}
	}
	if value, ok := s.Config.Variable("FACECRAFT_WORKERS"); ok && value != "1" &&
		!strings.Contains(command, "FACECRAFT_WORKERS") {
		return []result{fail("FACECRAFT_WORKERS is %s, and the command does not read it", short(value)).
			with("ENV FACECRAFT_WORKERS="+short(value), "CMD "+short(command)).keyed("unread")}
	}
	if n := s.seen.Memory.Workers(); n > 1 {
		return []result{fail("%d processes have loaded models", n).with(memory...).with("CMD " + short(command)).
			keyed("processes").known(inventory.RunDepth)}
	}
	return []result{pass("the command starts one worker").with(memory...)}
}

// workerMemory says how much memory one worker and all of them use.
func (s *subject) workerMemory() []string {
	m := s.seen.Memory
	if m == nil || len(m.Processes) == 0 {
		return nil
	}
	text := "after three photos, " + format.Size(m.Total) + " of memory"
	if n := m.Workers(); n > 1 {
		text += fmt.Sprintf(" in %d workers, %s each", n, format.Size(m.Processes[0]))
	}
	if m.Limit > 0 {
		text += ", of a limit of " + format.Size(m.Limit)
	}
	return []string{text}
}

// minLeftovers is the size, in bytes, below which leftovers are not worth
// reporting.
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

var compiled = where("__pycache__/", `(^|/)__pycache__/[^/]+\.pyc$`)

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
	// Compiled files are not leftovers: without them, every start recompiles.
	if n := bytesOf(s.matching(compiled)); n > 0 {
		evidence = append(evidence, bytes(n)+" of __pycache__, which speed up the start")
	}
	if sum < minLeftovers {
		return []result{pass("no caches or wheels of the build are left").with(evidence...)}
	}
	return []result{fail("%s of the build's leftovers are in the image", bytes(sum)).with(evidence...).saving(sum).
		keyed("leftovers")}
}
