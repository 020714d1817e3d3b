// Package python reads what pip and uv install: command lines, requirement files,
// and the requirements in them (PEP 508).
package python

import (
	"path"
	"regexp"
	"strings"

	"github.com/djok/facecraft/internal/lint/shell"
)

// Requirement is a package to install.
type Requirement struct {
	Name   string // normalised; "" if unknown
	Extras []string
	Spec   string // version specifiers without blanks, as "==2.0.1+cpu,<3"
	URL    string // of a direct reference
	Marker string
	Path   string // of a local project or wheel
	// Its place: offsets in the file or the script.
	From, To int
}

var requirement = regexp.MustCompile(`^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[([^\]]*)\])?` +
	`\s*(?:@\s*(\S+)|\(?([^;()]*)\)?)?\s*(?:;\s*(.*))?$`)

var specifier = regexp.MustCompile(`^(?:===|~=|==|!=|<=|>=|<|>)`)

// Parse reads one requirement. Paths and invalid requirements have no name.
func Parse(text string) Requirement {
	text = strings.TrimSpace(text)
	if r, ok := local(text); ok {
		return r
	}
	m := requirement.FindStringSubmatch(text)
	if m == nil || strings.Contains(m[1], shell.Unknown) {
		return Requirement{}
	}
	spec := strings.Join(strings.Fields(m[4]), "")
	if spec != "" && !specifier.MatchString(spec) && !strings.HasPrefix(spec, shell.Unknown) {
		return Requirement{}
	}
	r := Requirement{Name: Normalise(m[1]), Spec: spec, URL: m[3], Marker: strings.TrimSpace(m[5])}
	for _, extra := range strings.Split(m[2], ",") {
		if extra = strings.TrimSpace(extra); extra != "" {
			r.Extras = append(r.Extras, Normalise(extra))
		}
	}
	return r
}

// local reads paths and URLs, of which only wheels have a name and a version.
func local(text string) (Requirement, bool) {
	bare, _, _ := strings.Cut(text, "#")
	isURL := strings.Contains(bare, "://")
	isWheel := strings.HasSuffix(bare, ".whl")
	if strings.Contains(text, " @ ") || !isURL && !isWheel && !strings.HasPrefix(text, ".") &&
		!strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "file:") {
		return Requirement{}, false
	}
	r := Requirement{Path: text}
	if isURL {
		r.Path, r.URL = "", text
	}
	if parts := strings.Split(path.Base(bare), "-"); isWheel && len(parts) >= 5 && !strings.Contains(parts[0], "*") {
		r.Name, r.Spec = Normalise(parts[0]), "=="+strings.ReplaceAll(parts[1], "%2B", "+")
	}
	if _, egg, ok := strings.Cut(text, "#egg="); ok {
		r.Name = Parse(egg).Name
	}
	return r, true
}

var separators = regexp.MustCompile(`[-_.]+`)

// Normalise returns a name as the index compares it (PEP 503).
func Normalise(name string) string {
	return strings.ToLower(separators.ReplaceAllString(name, "-"))
}

// Pinned returns the version of an exact pin, or "".
func (r Requirement) Pinned() string {
	version, ok := strings.CutPrefix(strings.TrimPrefix(r.Spec, "="), "==")
	if !ok {
		version, ok = strings.CutPrefix(r.Spec, "==")
	}
	if !ok || strings.ContainsAny(version, ",*") {
		return ""
	}
	return version
}

// LocalVersion returns what follows the + of a pinned version: cpu, cu118.
func (r Requirement) LocalVersion() string {
	_, after, _ := strings.Cut(r.Pinned(), "+")
	return after
}
