package finding

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/djok/facecraft/internal/fault"
)

func checks(t *testing.T) []Check {
	t.Helper()
	all, err := Checks()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestChecks holds each file in checks/ to what --explain and the
// documentation print.
func TestChecks(t *testing.T) {
	all := checks(t)
	for _, c := range all {
		for field, value := range map[string]string{
			"seed": c.Seed, "title": c.Title, "why": c.Why, "source": c.Source, "remedy": c.Remedy, "cost": c.Cost,
		} {
			if strings.TrimSpace(value) == "" {
				t.Errorf("%s has no %s", c.ID, field)
			}
		}
		if !slices.Contains([]Severity{Error, Warning, Note}, c.Severity) {
			t.Errorf("%s: severity %q", c.ID, c.Severity)
		}
		if !slices.Contains(Groups, c.Group) {
			t.Errorf("%s: group %q is none of %q", c.ID, c.Group, Groups)
		}
		if !slices.Contains([]string{"LOW", "MEDIUM", "HIGH"}, c.Cost) {
			t.Errorf("%s: cost %q", c.ID, c.Cost)
		}
		for _, command := range c.SeenBy {
			if command != "lint" && command != "verify" {
				t.Errorf("%s is seen by %q", c.ID, command)
			}
		}
		if len(c.SeenBy) == 0 {
			t.Errorf("%s is seen by nobody", c.ID)
		}
		for _, alias := range c.Aliases {
			if slices.ContainsFunc(all, func(other Check) bool { return other.ID == alias }) {
				t.Errorf("%s has the alias %s, which is a check", c.ID, alias)
			}
		}
	}
}

var today = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func sample(t *testing.T) Report {
	expired := Named(checks(t), "ignore-expired")[0]
	report := Report{Target: "demo"}
	add := func(status Status, statement string, change func(*Finding)) {
		f := expired.Finding(status, statement)
		change(&f)
		report.Findings = append(report.Findings, f)
	}
	add(Fail, "bad <here> & there", func(f *Finding) {
		f.Location = &Location{File: "a dir/Dockerfile", Line: 3, Column: 5, End: 9}
		f.Evidence = []string{"RUN x"}
	})
	add(Fail, "bad there", func(f *Finding) { f.Location = &Location{File: "a dir/Dockerfile", Line: 7} })
	add(Fail, "bad in the image", func(f *Finding) { f.Path, f.Severity = "/root/.u2net", Error })
	add(Fail, "accepted", func(f *Finding) {
		f.Location = &Location{File: "a dir/Dockerfile", Line: 8}
		f.Suppressed = &Suppression{Reason: "known", Until: "2027-01-01", Origin: ".facecraft.yaml:2"}
	})
	add(Fail, "remark", func(f *Finding) { f.Severity = Note })
	add(Unknown, "cannot tell: no network", func(f *Finding) {})
	add(NotApplicable, "a GPU image", func(f *Finding) {})
	add(Pass, "fine", func(f *Finding) {})
	return report
}

func TestSARIF(t *testing.T) {
	var out bytes.Buffer
	report := sample(t)
	if err := report.SARIF(&out, checks(t), "v1"); err != nil {
		t.Fatal(err)
	}
	validateSARIF(t, out.Bytes())
	var log sarifLog
	if err := json.Unmarshal(out.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	results := log.Runs[0].Results
	if len(results) != 4 {
		t.Fatalf("%d results, want one for each check, file and suppression: 4\n%s", len(results), out.String())
	}
	first := results[0]
	if uri := first.Locations[0].Physical.Artifact.URI; uri != "a%20dir/Dockerfile" || len(first.Related) != 1 ||
		first.Related[0].Physical.Region.StartLine != 7 {
		t.Errorf("the first result is at %q, related %+v", uri, first.Related)
	}
	if s := results[2].Suppressions; len(s) != 1 || s[0].Kind != "external" {
		t.Errorf("suppressions %+v", s)
	}
	if n := log.Runs[0].Invocations[0].Notifications; len(n) != 1 ||
		!strings.Contains(n[0].Message.Text, "no network") {
		t.Errorf("notifications %+v", n)
	}
	moved := report.Findings[0]
	moved.Location = &Location{File: "a dir/Dockerfile", Line: 30}
	if moved.fingerprint() != first.Fingerprints["facecraft/v1"] {
		t.Error("a moved line changes the fingerprint")
	}
}

func validateSARIF(t *testing.T, data []byte) {
	t.Helper()
	file, err := os.Open("testdata/sarif-schema-2.1.0.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	document, err := jsonschema.UnmarshalJSON(file)
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("sarif.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("sarif.json")
	if err != nil {
		t.Fatal(err)
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(instance); err != nil {
		t.Errorf("%v\n%s", err, data)
	}
}

func TestJUnit(t *testing.T) {
	var out bytes.Buffer
	if err := sample(t).JUnit(&out); err != nil {
		t.Fatal(err)
	}
	var suites junitSuites
	if err := xml.Unmarshal(out.Bytes(), &suites); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if suites.Tests != 8 || suites.Failures != 3 || suites.Skipped != 4 {
		t.Errorf("%d tests, %d failures, %d skipped\n%s", suites.Tests, suites.Failures, suites.Skipped, out.String())
	}
	first := suites.Suites[0].Cases[0]
	if first.Failure.Message != "bad <here> & there" || first.Name != "ignore-expired a dir/Dockerfile:3:5" {
		t.Errorf("%+v", first)
	}
}

func TestErr(t *testing.T) {
	report := sample(t)
	for strict, want := range map[bool]string{
		false: "1 error, 2 warnings found in demo", true: "1 error, 2 warnings, 1 unknown found in demo",
	} {
		if err := report.Err(strict); err == nil || err.Error() != want || fault.CodeOf(err) != 7 {
			t.Errorf("strict %v: %v, code %d", strict, err, fault.CodeOf(err))
		}
	}
	if err := (Report{Findings: report.Findings[3:]}).Err(false); err != nil {
		t.Errorf("ignored, notes and unknown: %v", err)
	}
}

func TestIgnoreFile(t *testing.T) {
	list, err := ParseIgnores([]byte("ignore:\n  - id: latest\n    path: docker\n" +
		"    reason: the mirror has no tags\n    until: 2027-01-31\n"))
	if err != nil || len(list) != 1 || list[0].Until != "2027-01-31" || list[0].At.Line != 2 {
		t.Fatalf("%+v, %v", list, err)
	}
	if list, err := ParseIgnores(nil); err != nil || list != nil {
		t.Errorf("an empty file: %v, %v", list, err)
	}
	for text, want := range map[string]string{
		"ignore:\n- {id: a, until: 2027-01-31}":             ".facecraft.yaml:2: the reason is missing",
		"ignore:\n- {id: a, reason: b}":                     "until is missing",
		"ignore:\n- {id: a, reason: b, until: soon}":        `until "soon" is not a date`,
		"ignore:\n- {reason: b, until: 2027-01-31}":         "the id is missing",
		"ignore:\n- {id: a, reasons: b, until: 2027-01-31}": `unknown field "reasons"`,
		"ignored: []": "field ignored not found",
		"ignore: [":   "cannot be read",
	} {
		if _, err := ParseIgnores([]byte(text)); err == nil || !strings.Contains(err.Error(), want) ||
			fault.CodeOf(err) != fault.Usage {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestInlineIgnore(t *testing.T) {
	for comment, want := range map[string]struct {
		ok      bool
		problem string
	}{
		" facecraft: ignore=latest until=2027-01-31 no tags there": {true, ""},
		" facecraft: ignore=latest no tags there":                  {true, "until is missing: how long is it ignored?"},
		"facecraft: ignore=latest until=2027-01-31":                {true, "the reason is missing"},
		"facecraft is great":                                       {false, ""},
	} {
		ignore, ok, problem := ParseInline(comment)
		if ok != want.ok || problem != want.problem || ok && ignore.ID != "latest" {
			t.Errorf("%q: %+v, %v, %q", comment, ignore, ok, problem)
		}
	}
}

func TestApply(t *testing.T) {
	all := append(slices.Clone(checks(t)), Check{ID: "latest", Aliases: []string{"latest-tag"}})
	latest := Named(all, "latest")[0]
	found := func() []Finding {
		f := latest.Finding(Fail, "no tag")
		f.Location = &Location{File: "docker/Dockerfile", Line: 1}
		return []Finding{f}
	}
	for name, row := range map[string]struct {
		ignore Ignore
		want   string // the IDs of what counts
	}{
		"matches":      {Ignore{ID: "latest", Until: "2026-11-25"}, ""},
		"by alias":     {Ignore{ID: "latest-tag", Until: "2026-11-25"}, ""},
		"directory":    {Ignore{ID: "latest", Path: "docker/", Until: "2026-11-25"}, ""},
		"pattern":      {Ignore{ID: "latest", Path: "*/Docker*", Until: "2026-11-25"}, ""},
		"another path": {Ignore{ID: "latest", Path: "dock", Until: "2026-11-25"}, "latest ignore-unused"},
		"another place": {Ignore{ID: "latest", Until: "2026-11-25", Covers: func(Finding) bool {
			return false
		}}, "latest ignore-unused"},
		"expired":        {Ignore{ID: "latest", Until: "2026-11-24"}, "latest ignore-expired"},
		"no such check":  {Ignore{ID: "lates", Until: "2026-11-25"}, "latest ignore-invalid"},
		"not judged now": {Ignore{ID: "latest", Path: "elsewhere", Until: "2026-11-25"}, "latest"},
	} {
		judged := func(i Ignore) bool { return i.Path != "elsewhere" }
		row.ignore.Reason = "so be it"
		var counted []string
		for _, f := range (Ignores{Checks: all, List: []Ignore{row.ignore}, Today: today,
			Judged: judged}).Apply(found()) {
			if f.Suppressed == nil {
				counted = append(counted, f.ID)
			}
		}
		if got := strings.Join(counted, " "); got != row.want {
			t.Errorf("%s: %q counts, want %q", name, got, row.want)
		}
	}
}

func FuzzIgnores(f *testing.F) {
	f.Add("ignore:\n- {id: a, reason: b, until: 2027-01-31}", "facecraft: ignore=a until=2027-01-31 b")
	f.Fuzz(func(t *testing.T, file, comment string) {
		list, err := ParseIgnores([]byte(file))
		for _, ignore := range list {
			if err == nil && ignore.problem() != "" {
				t.Errorf("accepted %+v", ignore)
			}
		}
		if ignore, ok, problem := ParseInline(comment); ok && problem == "" && ignore.Reason == "" {
			t.Errorf("accepted %+v", ignore)
		}
	})
}
