package config

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
)

// Source is where a value comes from.
type Source string

// The sources, strongest first.
const (
	FromFlag        Source = "flag"
	FromEnvironment Source = "environment"
	FromProfile     Source = "profile"
	FromFile        Source = "file"
	FromDefault     Source = "default"
)

// Row is a value that commands use, and where it comes from.
type Row struct {
	Name     string   `json:"name"`
	Value    string   `json:"value"` // several are separated by ", "; empty if not set
	Source   Source   `json:"source"`
	Variable string   `json:"variable,omitempty"` // of the environment
	Line     int      `json:"line,omitempty"`     // of the file
	Commands []string `json:"commands"`
}

// Report is the output of facecraft config.
type Report struct {
	Path    string `json:"path"`
	Exists  bool   `json:"exists"`
	Profile string `json:"profile,omitempty"` // the chosen one
	// Profiles are those of the file.
	Profiles []string `json:"profiles"`
	Rows     []Row    `json:"settings"`
}

// Source is where a value of the file comes from.
func (v Value) Source() Source {
	if v.Profile != "" {
		return FromProfile
	}
	return FromFile
}

// Add adds a row, or adds its command to an equal row.
func (r *Report) Add(row Row) {
	at := len(r.Rows)
	for i, other := range r.Rows {
		if other.Name != row.Name {
			continue
		}
		if other.Value == row.Value && other.Source == row.Source && other.Line == row.Line {
			r.Rows[i].Commands = append(other.Commands, row.Commands...)
			return
		}
		at = i + 1
	}
	r.Rows = slices.Insert(r.Rows, at, row)
}

// Text is the report for people.
func (r Report) Text() string {
	var text strings.Builder
	switch {
	case r.Path == "":
		text.WriteString("There is no home directory with a configuration file.\n")
	case !r.Exists:
		fmt.Fprintf(&text, "%s does not exist.\n", r.Path)
	default:
		fmt.Fprintf(&text, "%s\n", r.Path)
	}
	if len(r.Profiles) > 0 {
		fmt.Fprintf(&text, "Profiles: %s\n", strings.Join(r.Profiles, ", "))
	}
	text.WriteString("\n")
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for i, row := range r.Rows {
		commands := ""
		if i > 0 && r.Rows[i-1].Name == row.Name || i+1 < len(r.Rows) && r.Rows[i+1].Name == row.Name {
			commands = "\t" + strings.Join(row.Commands, ", ")
		}
		fmt.Fprintf(w, "%s\t%s\t%s%s\n", row.Name, row.shown(), r.origin(row), commands)
	}
	w.Flush()
	return text.String()
}

func (r Row) shown() string {
	if r.Value == "" {
		return "-"
	}
	return r.Value
}

func (r Report) origin(row Row) string {
	switch row.Source {
	case FromEnvironment:
		return row.Variable
	case FromProfile:
		return fmt.Sprintf("profile %s, line %d", r.Profile, row.Line)
	case FromFile:
		return fmt.Sprintf("file, line %d", row.Line)
	}
	return string(row.Source)
}
