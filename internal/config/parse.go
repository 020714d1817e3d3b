package config

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/djok/facecraft/internal/fault"
)

// profiles is the table that contains the profiles.
const profiles = "profile"

// parser reads one file.
type parser struct {
	*File
	home string
	meta toml.MetaData
}

// table is a table of the file, not decoded yet.
type table map[string]toml.Primitive

func (f *File) parse(text, home string) error {
	p := parser{File: f, home: home}
	var top table
	var err error
	if p.meta, err = toml.Decode(text, &top); err != nil {
		var syntax toml.ParseError
		if errors.As(err, &syntax) {
			return p.fault(syntax.Position.Line, "correct it; https://toml.io describes the format", "%s", syntax.Message)
		}
		return fault.Wrap(fault.Usage, err, "correct it; https://toml.io describes the format", "%s is not TOML", f.Path)
	}
	return p.read(top, "", "")
}

func (p *parser) fault(line int, fix, format string, args ...any) error {
	return fault.New(fault.Usage, fix, "%s, line %d: "+format, append([]any{p.Path, line}, args...)...)
}

// read reads the values of a table and of the tables in it.
func (p *parser) read(t table, profile, command string) error {
	for _, e := range p.entries(t) {
		var err error
		switch {
		case e.table == nil:
			err = p.set(e, profile, command)
		case command != "":
			err = p.unknownTable(e, command+"."+e.key)
		case e.key == profiles && profile == "":
			err = p.readProfiles(e.table)
		case p.schema[e.key] != nil:
			err = p.read(e.table, profile, e.key)
		default:
			err = p.unknownTable(e, e.key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) readProfiles(t table) error {
	for _, e := range p.entries(t) {
		if e.table == nil {
			return p.fault(e.line, "write [profile."+e.key+"] above the values of the profile", "profile %q is not a table",
				e.key)
		}
		p.Profiles = append(p.Profiles, e.key)
		if err := p.read(e.table, e.key, ""); err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) unknownTable(e entry, name string) error {
	commands := append(slices.Sorted(maps.Keys(p.schema)), profiles)
	fix := "use [COMMAND] for one command, or [profile.NAME] for a profile"
	if like := closest(e.key, commands); like != "" {
		fix = "did you mean [" + like + "]? " + fix
	}
	return p.fault(e.line, fix, "unknown table %q", name)
}

// entry is a key of a table. A table has no value.
type entry struct {
	key   string
	line  int
	value any
	table table
}

// entries are in the order of the file, so that its first mistake is reported
// first.
func (p *parser) entries(t table) []entry {
	var list []entry
	for key, primitive := range t {
		e := entry{key: key, line: p.line(primitive)}
		if p.meta.PrimitiveDecode(primitive, &e.value) != nil { // cannot fail: any value fits
			continue
		}
		if _, ok := e.value.(map[string]any); ok {
			e.table = table{}
			_ = p.meta.PrimitiveDecode(primitive, &e.table) // cannot fail either
			e.line = p.tableLine(e)
		}
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b entry) int {
		if a.line != b.line {
			return a.line - b.line
		}
		return strings.Compare(a.key, b.key)
	})
	return list
}

// tableLine is the line of a table, or of the first one in it: [a.b] has no line for a.
func (p *parser) tableLine(e entry) int {
	if e.line > 0 {
		return e.line
	}
	for _, inner := range p.entries(e.table) {
		if inner.line > 0 {
			return inner.line
		}
	}
	return 0
}

// line provokes an error to get a key's line: the library reports no others.
func (p *parser) line(primitive toml.Primitive) int {
	var here toml.ParseError
	if errors.As(p.meta.PrimitiveDecode(primitive, &refused{}), &here) {
		return here.Position.Line
	}
	return 0
}

type refused struct{}

func (*refused) UnmarshalTOML(any) error { return errors.New("refused") }
