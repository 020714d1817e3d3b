package config

import (
	"path"
	"slices"
	"strings"
)

// Flags with a special meaning in the configuration file, by name or by command
// and name: those for one call, those whose meaning depends on the command, those
// that take a path, and texts that may be written as a number.
var (
	forOneCall = []string{"json", "force", "recreate", "fix-permissions", "dry-run", "watch", "null", "fix", "write",
		"explain", "forget", "purge", "bundle", "against", "html", "follow", "profile", "help", "down yes",
		"install-shortcut", "remove-shortcut"}
	dependent = []string{"format", "output", "verify tag"}
	paths     = []string{"output", "data", "env-file", "report", "catalogue", "dockerfile"}
	numeric   = []string{"replicas", "gpus", "size"}
)

// SettingOf is what a flag of a command means in the file. kind is what the flag
// takes on the command line.
func SettingOf(command, flag string, kind Kind) Setting {
	listed := func(names []string) bool {
		return slices.Contains(names, flag) || slices.Contains(names, command+" "+flag)
	}
	s := Setting{Kind: kind, Own: listed(dependent), Path: listed(paths)}
	switch {
	case listed(forOneCall):
		s.Kind = Command
	case listed(numeric):
		s.Kind = TextOrNumber
	}
	return s
}

// rule says which values give way to a stronger one that they contradict, such
// as the file's to a flag on the command line.
type rule struct {
	flag string
	when func(value string) bool
	// drops are flags, as NAME or, for one value of it, as NAME=VALUE.
	drops []string
}

// startsServer are the flags about starting a local server, and downloads those
// about its image.
var (
	startsServer = []string{"tag", "lite", "gpus", "image", "port", "listen", "restart", "replicas", "data", "env",
		"env-file"}
	downloads = []string{"pull", "yes", "max-download", "connections"}
)

var rules = slices.Concat([]rule{
	{"tag", set, []string{"lite", "profiles"}},
	{"tag", is("lite"), []string{"image"}},
	{"tag", is("lite", "cpu"), []string{"gpus"}},
	{"lite", is("true"), []string{"tag", "image", "gpus", "profiles"}},
	{"image", set, []string{"lite", "tag=lite", "profiles"}},
	{"gpus", set, []string{"lite", "tag=lite", "tag=cpu"}},
	{"replicas", set, []string{"profiles"}},
	{"profiles", is("true"), []string{"tag", "lite", "image", "replicas", "target"}},
	{"target", is("swarm", "kubernetes"), []string{"profiles", "data"}},
	{"target", is("compose", "swarm"), []string{"ingress"}},
	{"ingress", set, []string{"target"}},
	{"data", set, []string{"target=swarm", "target=kubernetes"}},
	{"preset", set, []string{"size", "background", "margin", "fidelity", "no-oval", "no-enhance", "format"}},
	{"no-oval", is("true"), []string{"format=png", "format=both"}},
	{"format", is("png", "both"), []string{"preset", "no-oval"}}, // presets have no oval, and make JPEGs
	{"output", named(".png"), []string{"preset", "no-oval", "format"}},
	{"output", named(".jpg", ".jpeg"), []string{"format"}},
	{"output", is("-"), []string{"report"}},
	{"json", is("true"), []string{"format"}},
	{"fix", is("true"), []string{"format"}},
	// A server that is already running makes flags about starting one pointless, and
	// vice versa.
	{"endpoint", set, slices.Concat(startsServer, downloads)},
}, startedHere())

func startedHere() (list []rule) {
	for _, flag := range startsServer {
		list = append(list, rule{flag, set, []string{"endpoint"}})
	}
	return list
}

// set also works for lists; an empty one sets nothing.
func set(value string) bool { return value != "" }

func is(values ...string) func(string) bool {
	return func(value string) bool { return slices.Contains(values, value) }
}

func named(extensions ...string) func(string) bool {
	return func(value string) bool { return slices.Contains(extensions, strings.ToLower(path.Ext(value))) }
}

// contradicted reports whether a value contradicts those that are already set.
func contradicted(v Value, given map[string]string) bool {
	return slices.ContainsFunc(rules, func(r rule) bool {
		value, ok := given[r.flag]
		return ok && r.when(value) && slices.ContainsFunc(r.drops, func(drop string) bool {
			name, only, partly := strings.Cut(drop, "=")
			return name == v.Name && (!partly || slices.Contains(v.Texts, only))
		})
	})
}
