// Package shell reads the script of a RUN instruction: which commands it runs
// with which arguments, and whether a failure of each ends the build.
package shell

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Unknown replaces the parts of a word that only the shell knows.
const Unknown = "\uFFFD"

// Word is one argument. Offsets are bytes of the script.
type Word struct {
	Text     string
	From, To int
}

// Known reports whether the whole text is known.
func (w Word) Known() bool { return !strings.Contains(w.Text, Unknown) }

// Command is a simple command of a script.
type Command struct {
	Words    []Word // the name first
	From, To int    // without redirections
	// Lost says what hides a failure of this command from the build, or "".
	Lost     string
	Pipeline int    // the number of the pipeline that it is part of, or 0
	Output   *Word  // the file that standard output goes to
	Input    string // the text of a here-document or here-string
	Captured bool   // its output is the value of $(...)
	// Plain means that "&& more" may follow the command: it stands alone or in
	// a chain of &&, and nothing hides its failure.
	Plain bool
}

// Name returns the command's name without its directory.
func (c *Command) Name() string {
	if len(c.Words) == 0 {
		return ""
	}
	name := c.Words[0].Text
	return name[strings.LastIndexByte(name, '/')+1:]
}

// Args returns the words after the name.
func (c *Command) Args() []Word {
	if len(c.Words) == 0 {
		return nil
	}
	return c.Words[1:]
}

// Has reports whether an argument is exactly one of these.
func (c *Command) Has(texts ...string) bool {
	return slices.ContainsFunc(c.Args(), func(w Word) bool { return slices.Contains(texts, w.Text) })
}

// Options describe how the shell starts.
type Options struct {
	Pipefail, Errexit bool
	// Getenv returns a variable's value, and whether it is known. A variable
	// known to be unset has the value "".
	Getenv func(name string) (value string, known bool)
}

// Parse lists the commands of a script in their order.
func Parse(script string, options Options) ([]*Command, error) {
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(script), "")
	if err != nil {
		return nil, err
	}
	w := &walker{options: options, script: script, set: map[string]string{}}
	w.list(file.Stmts, context{plain: true})
	return w.commands, nil
}
