package verify

import (
	"fmt"
	"slices"
	"strings"

	"github.com/djok/facecraft/internal/inventory"
	"github.com/djok/facecraft/internal/secret"
)

// secretVariables always contain a secret, whatever their values look like.
var secretVariables = []string{"FACECRAFT_API_KEY"}

// secrets searches what can be read without running the image. Values count, not
// names.
func secrets(s *subject) []result {
	list := s.configured()
	list = append(list, s.filed()...)
	if len(list) > 0 {
		return list
	}
	switch {
	case s.Depth < inventory.FilesDepth:
		return []result{unknown("none in the configuration and history; --depth files looks into the files too")}
	case len(s.Stored) == 0 && s.sizes.Causes[Hidden] > 0:
		return []result{unknown("none in the configuration, the history and the files of a container; " +
			"--depth layers looks into deleted files too").known(inventory.LayersDepth)}
	}
	return []result{pass("no secret in the configuration, the history and the files")}
}

// configured returns the secrets that `docker inspect` and `docker history` show.
func (s *subject) configured() []result {
	var list []result
	seen := map[string]bool{}
	add := func(where, text string) {
		for _, hit := range secret.Find(text) {
			if !seen[hit.Kind+hit.Shown] {
				seen[hit.Kind+hit.Shown] = true
				list = append(list, leak(hit, where))
			}
		}
	}
	for _, name := range secretVariables {
		if value, ok := s.Config.Variable(name); ok && value != "" {
			seen["value of "+name+secret.Beginning(value)] = true
			list = append(list, fail("%s has a value in the image", name).with("ENV "+name+"=…").keyed(name).
				known(inventory.ConfigDepth))
		}
	}
	for _, e := range s.Config.Env {
		name, _, _ := strings.Cut(e, "=")
		if !slices.Contains(secretVariables, name) {
			add("ENV "+name, e)
		}
	}
	for _, key := range sortedKeys(s.Config.Labels) {
		add("LABEL "+key, key+"="+s.Config.Labels[key])
	}
	add("ENTRYPOINT and CMD", strings.Join(append(slices.Clone(s.Config.Entrypoint), s.Config.Cmd...), " "))
	for i, step := range s.Config.History {
		if !slices.ContainsFunc(secretVariables, func(name string) bool {
			return strings.Contains(step.Instruction, "ENV "+name+"=")
		}) {
			add(fmt.Sprintf("history, step %d: %s", i+1, short(step.Instruction)), step.Instruction)
		}
	}
	return list
}

func leak(hit secret.Hit, where string) result {
	return fail("%s in the image's configuration", article(hit.Kind)).with(where, "begins with "+hit.Shown).
		keyed(hit.Kind + hit.Shown).known(inventory.ConfigDepth)
}

func article(kind string) string {
	switch {
	case strings.HasPrefix(kind, "value of "):
		return "the " + kind + " is"
	case strings.ContainsRune("AEIO", rune(kind[0])):
		return "an " + kind + " is"
	}
	return "a " + kind + " is"
}

// filed returns the secrets in files, including files that a later layer hides.
func (s *subject) filed() (list []result) {
	seen := map[string]bool{}
	add := func(e inventory.Entry, layer int, hidden string) {
		if e.Facts == nil {
			return
		}
		for _, hit := range e.Facts.Secrets {
			if seen[e.Path+hit.Kind+hit.Shown] {
				continue
			}
			seen[e.Path+hit.Kind+hit.Shown] = true
			r := fail("%s in a file%s", article(hit.Kind), hidden).at(e.Path).keyed(e.Path + hit.Kind)
			r = r.with(fmt.Sprintf("/%s, line %d, begins with %s", e.Path, hit.Line, hit.Shown))
			if from := s.layerText(layer); from != "" {
				r = r.with(from)
			}
			list = append(list, r)
		}
	}
	for node := range s.Files.All() {
		add(node.Entry, node.Layer, "")
	}
	for _, f := range s.Stored {
		if f.Fate != inventory.Visible {
			add(*f.Entry, f.Layer, " that a later layer hides")
		}
	}
	return list
}
