package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/djok/facecraft/internal/fault"
)

// CheckProfile refuses a profile that the file does not have.
func (f *File) CheckProfile(name string) error {
	switch {
	case name == "" || slices.Contains(f.Profiles, name):
		return nil
	case !f.Exists:
		return fault.New(fault.Usage, "create the file with a table [profile."+name+"], or name no profile",
			"there is no profile %q, because there is no file %s", name, f.Path)
	case len(f.Profiles) == 0:
		return fault.New(fault.Usage, "add a table [profile."+name+"] to it", "%s has no profile %q", f.Path, name)
	}
	fix := "use one of: " + strings.Join(f.Profiles, ", ")
	if like := closest(name, slices.Clone(f.Profiles)); like != "" {
		fix = "did you mean " + like + "? " + fix
	}
	return fault.New(fault.Usage, fix, "%s has no profile %q", f.Path, name)
}

// For returns what the file sets for a command in addition to given: the values of
// stronger sources, by name. Weak values come first.
func (f *File) For(command, profile string, given map[string]string) []Value {
	known := map[string]string{}
	maps.Copy(known, given)
	var result []Value
	for level := 3; level >= 0; level-- {
		var taken []Value
		for _, v := range f.values {
			if _, ok := known[v.Name]; v.level() == level && f.applies(v, command, profile) && (!ok || v.adds) &&
				!contradicted(v, known) {
				taken = append(taken, v)
			}
		}
		for _, v := range taken { // only now: equally strong values may contradict, which is an error later
			known[v.Name] = strings.Join(v.Texts, ",")
		}
		result = append(taken, result...)
	}
	return result
}

// applies reports whether a value is meant for a command with a profile.
func (f *File) applies(v Value, command, profile string) bool {
	if v.Profile != "" && v.Profile != profile {
		return false
	}
	setting, ok := f.schema[command][v.Name]
	return ok && (v.Command == command || v.Command == "" && !setting.Own && setting.Kind != Command)
}
