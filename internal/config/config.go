// Package config reads the configuration file, which sets flags that neither the
// command line nor the environment sets. Its keys are the flags' names: at the
// top for all commands that have the flag, in [COMMAND] for one, and in
// [profile.NAME] and [profile.NAME.COMMAND] if the profile is chosen.
package config

import "path/filepath"

// Kind says which values a setting takes.
type Kind int

// The kinds of settings. Command is a flag that only the command line can set.
const (
	Text         Kind = iota
	TextOrNumber      // such as replicas = 2, or "auto"
	Switch            // true or false
	Whole             // a whole number
	Number
	Duration // a text such as "90s"
	List     // texts, or a single one
	Words    // a list whose values add to those of other sources
	Command
)

// Setting is a flag of a command.
type Setting struct {
	Kind Kind
	Own  bool // it means something else in other commands, so only [COMMAND] can set it
	Path bool // "~/" at its beginning is the home directory
}

// Schema lists the settings, by command and name.
type Schema map[string]map[string]Setting

// Value is what the file sets for one flag.
type Value struct {
	Name    string
	Command string   // empty at the top of the file or of a profile
	Profile string   // empty outside profiles
	Texts   []string // as on a command line; only lists have several
	Line    int      // starting at 1
	adds    bool     // adds to values of stronger sources, instead of giving way
}

// Path is where the configuration file is, or "" if there is no home
// directory: below XDG_CONFIG_HOME or ~/.config, on macOS in
// ~/Library/Application Support, on Windows in %AppData%.
func Path(getenv func(string) string, goos string) string {
	home := getenv("HOME")
	dir := getenv("XDG_CONFIG_HOME")
	switch {
	case goos == "windows":
		dir = getenv("AppData")
	case goos == "darwin":
		dir = ""
		if home != "" {
			dir = filepath.Join(home, "Library", "Application Support")
		}
	case !filepath.IsAbs(dir) && home != "": // XDG: a relative path is ignored
		dir = filepath.Join(home, ".config")
	}
	if !filepath.IsAbs(dir) {
		return ""
	}
	return filepath.Join(dir, "facecraft", "config.toml")
}

// level is a value's precedence: a value for one command beats one for all, and
// a profile's value beats both.
func (v Value) level() int {
	level := 0
	if v.Command != "" {
		level++
	}
	if v.Profile != "" {
		level += 2
	}
	return level
}
