package finding

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/djok/facecraft/internal/fault"
)

// IgnoreFile is the file with a project's ignores.
const IgnoreFile = ".facecraft.yaml"

// Ignore is a pitfall that a project accepts, and until when.
type Ignore struct {
	ID     string `yaml:"id"`     // a check's ID or alias
	Path   string `yaml:"path"`   // a file, a directory or a pattern; empty means anywhere
	Reason string `yaml:"reason"` // required
	Until  string `yaml:"until"`  // required: the last day, YYYY-MM-DD

	// At is the location of the ignore itself. Covers limits an inline ignore to
	// what its comment is about.
	At     Location           `yaml:"-"`
	Covers func(Finding) bool `yaml:"-"`
}

// ParseIgnores reads a .facecraft.yaml. An error names the line and the remedy.
func ParseIgnores(data []byte) ([]Ignore, error) {
	var file struct {
		Ignore []located `yaml:"ignore"`
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil && !errors.Is(err, io.EOF) {
		return nil, fault.Wrap(fault.Usage, err, "correct it; facecraft lint --help shows the form",
			"%s cannot be read", IgnoreFile)
	}
	var list []Ignore
	for _, entry := range file.Ignore {
		if problem := entry.problem(); problem != "" {
			return nil, fault.New(fault.Usage, "each entry needs id, reason and until: YYYY-MM-DD", "%s:%d: %s",
				IgnoreFile, entry.At.Line, problem)
		}
		list = append(list, entry.Ignore)
	}
	return list, nil
}

// located is an Ignore with its line number.
type located struct{ Ignore }

func (l *located) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.MappingNode {
		for i := 0; i < len(node.Content); i += 2 {
			switch key := node.Content[i]; key.Value {
			case "id", "path", "reason", "until":
			default:
				return fmt.Errorf("line %d: unknown field %q", key.Line, key.Value)
			}
		}
	}
	if err := node.Decode(&l.Ignore); err != nil {
		return err
	}
	l.At = Location{File: IgnoreFile, Line: node.Line, Column: node.Column}
	return nil
}

// problem says what an ignore lacks, or "".
func (i Ignore) problem() string {
	switch {
	case i.ID == "":
		return "the id is missing"
	case strings.TrimSpace(i.Reason) == "":
		return "the reason is missing"
	case i.Until == "":
		return "until is missing: how long is it ignored?"
	}
	if _, err := time.Parse(time.DateOnly, i.Until); err != nil {
		return fmt.Sprintf("until %q is not a date like 2027-01-31", i.Until)
	}
	return ""
}

var inline = regexp.MustCompile(`(?i)^\s*facecraft:\s*ignore=(\S+)(?:\s+until=(\S+))?\s*(.*?)\s*$`)

// ParseInline reads a source comment without its marker, such as
// "facecraft: ignore=latest until=2027-01-31 the mirror has no tags". ok reports
// whether the comment is an ignore; problem says what is wrong with it.
func ParseInline(comment string) (ignore Ignore, ok bool, problem string) {
	m := inline.FindStringSubmatch(comment)
	if m == nil {
		return Ignore{}, false, ""
	}
	ignore = Ignore{ID: m[1], Until: m[2], Reason: m[3]}
	return ignore, true, ignore.problem()
}

func (i Ignore) matches(f Finding, checks []Check) bool {
	named := func(c Check) bool { return c.ID == f.ID }
	if i.ID != f.ID && !slices.ContainsFunc(Named(checks, i.ID), named) {
		return false
	}
	if i.Covers != nil {
		return i.Covers(f)
	}
	file := f.Path
	if f.Location != nil {
		file = f.Location.File
	}
	return i.Path == "" || pathMatches(i.Path, file)
}

// pathMatches accepts a file, a directory above it, or a path.Match pattern.
func pathMatches(pattern, file string) bool {
	pattern, file = strings.Trim(pattern, "/"), strings.TrimPrefix(file, "/")
	matched, err := path.Match(pattern, file)
	return file == pattern || strings.HasPrefix(file, pattern+"/") || err == nil && matched
}
