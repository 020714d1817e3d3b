package config

import (
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// set records a key's value.
func (p *parser) set(e entry, profile, command string) error {
	setting, err := p.setting(e, command)
	if err != nil {
		return err
	}
	texts, ok := textsOf(setting.Kind, e.value)
	switch {
	case !ok:
		return p.fault(e.line, "write "+e.key+" = "+examples[setting.Kind], "%s takes %s, not %s", e.key,
			wanted[setting.Kind], kindOf(e.value))
	case slices.Contains(texts, ""):
		return p.fault(e.line, "give it a value, or remove the line", "%s is empty", e.key)
	}
	if setting.Path {
		for i, text := range texts {
			if below, ok := strings.CutPrefix(text, "~/"); ok && p.home != "" {
				texts[i] = filepath.Join(p.home, below)
			}
		}
	}
	p.values = append(p.values, Value{Name: e.key, Command: command, Profile: profile, Texts: texts, Line: e.line,
		adds: setting.Kind == Words})
	return nil
}

// setting finds the setting for a key, or returns an error that explains why not.
func (p *parser) setting(e entry, command string) (Setting, error) {
	setting, known, own := p.find(e.key, command)
	switch {
	case known && setting.Kind == Command:
		return setting, p.fault(e.line, "remove the line, and use --"+e.key+" on the command line",
			"%s is for one call, and cannot be configured", e.key)
	case known && own:
		return setting, p.fault(e.line, "write it below ["+p.commandsWith(e.key)[0]+"], or another command's name",
			"%s depends on the command", e.key)
	case known:
		return setting, nil
	}
	like := closest(e.key, p.names(command))
	switch with := p.commandsWith(e.key); {
	case command != "" && len(with) > 0:
		return setting, p.fault(e.line, "move it below ["+with[0]+"], or above all tables",
			"facecraft %s has no flag --%s", command, e.key)
	case like != "":
		return setting, p.fault(e.line, "did you mean "+like+"?", "unknown key %q", e.key)
	}
	return setting, p.fault(e.line, "use the name of a flag, as facecraft process --help lists them", "unknown key %q",
		e.key)
}

// find looks up a flag in a command or, without one, in all commands. own is true
// if the flag means something else in each command.
func (p *parser) find(name, command string) (setting Setting, known, own bool) {
	if command != "" {
		setting, known = p.schema[command][name]
		return setting, known, false
	}
	own = true
	for _, each := range slices.Sorted(maps.Keys(p.schema)) {
		s, ok := p.schema[each][name]
		if !ok || known && (s.Kind == Command || s.Own) {
			continue
		}
		setting, known = s, true
		own = s.Own
	}
	return setting, known, known && own
}

func (p *parser) commandsWith(name string) (commands []string) {
	for _, command := range slices.Sorted(maps.Keys(p.schema)) {
		if _, ok := p.schema[command][name]; ok {
			commands = append(commands, command)
		}
	}
	return commands
}

// names are the flags that can be set for a command or, without one, for all.
func (p *parser) names(command string) (names []string) {
	for each, settings := range p.schema {
		for name, setting := range settings {
			if setting.Kind != Command && (command == each || command == "" && !setting.Own) {
				names = append(names, name)
			}
		}
	}
	return names
}

// What the kinds take, as text and as an example.
var (
	wanted = map[Kind]string{Text: "a text", TextOrNumber: "a text or a number", Switch: "true or false",
		Whole: "a whole number", Number: "a number", Duration: "a time", List: "a list of texts",
		Words: "a list of texts"}
	examples = map[Kind]string{Text: `"…"`, TextOrNumber: `"…"`, Switch: "true", Whole: "1", Number: "0.5",
		Duration: `"90s"`, List: `["…", "…"]`, Words: `["…", "…"]`}
)

// kindOf names what the file has instead.
func kindOf(value any) string {
	switch value := value.(type) {
	case string:
		return "the text " + strconv.Quote(value)
	case bool:
		return strconv.FormatBool(value)
	case int64:
		return "the number " + strconv.FormatInt(value, 10)
	case float64:
		return "the number " + strconv.FormatFloat(value, 'g', -1, 64)
	case time.Time:
		return "a date"
	case []any:
		return "a list of something else"
	}
	return "tables"
}

// textsOf is a value as it would be on a command line.
func textsOf(kind Kind, value any) ([]string, bool) {
	switch value := value.(type) {
	case string:
		_, err := time.ParseDuration(value)
		return []string{value}, slices.Contains([]Kind{Text, TextOrNumber, List, Words}, kind) ||
			kind == Duration && err == nil
	case bool:
		return []string{strconv.FormatBool(value)}, kind == Switch
	case int64:
		return []string{strconv.FormatInt(value, 10)}, kind == Whole || kind == Number || kind == TextOrNumber
	case float64:
		finite := !math.IsNaN(value) && !math.IsInf(value, 0)
		return []string{strconv.FormatFloat(value, 'g', -1, 64)}, kind == Number && finite
	case []any:
		var texts []string
		for _, each := range value {
			text, ok := each.(string)
			if !ok {
				return nil, false
			}
			texts = append(texts, text)
		}
		return texts, kind == List || kind == Words
	}
	return nil, false
}
