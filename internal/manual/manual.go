// Package manual describes the command line as data, and renders it as man
// pages and as Markdown. Shell completion reads the same description.
package manual

import (
	"slices"
	"strings"
)

// Program is a program with commands.
type Program struct {
	Name        string
	Usage       string // what it does, in a few words
	Description string
	Synopsis    []string // example command lines
	Commands    []Command
	ExitCodes   []ExitCode
}

// ExitCode is an exit code and what it means.
type ExitCode struct {
	Code    int
	Meaning string
}

// Command is one command of a program.
type Command struct {
	Name        string
	Usage       string
	Description string
	Synopsis    []string
	Arguments   string // such as "PHOTO..."; empty if it takes none
	Flags       []Flag
}

// Flag is one flag of a command.
type Flag struct {
	Names       []string // without dashes; the long one comes first
	Placeholder string   // stands for the value; empty if the flag takes none
	Usage       string   // with the default
	Variables   []string // the environment variables that set it
	Repeatable  bool
}

// Command finds a command by its name.
func (p Program) Command(name string) (Command, bool) {
	for _, command := range p.Commands {
		if command.Name == name {
			return command, true
		}
	}
	return Command{}, false
}

// Flag finds a flag by one of its names.
func (c Command) Flag(name string) (Flag, bool) {
	for _, flag := range c.Flags {
		if slices.Contains(flag.Names, name) {
			return flag, true
		}
	}
	return Flag{}, false
}

// Name is the flag's first name, without dashes.
func (f Flag) Name() string { return f.Names[0] }

// Dashed is a flag's name as it is typed.
func Dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// terms are the names as they are typed, the short ones first.
func (f Flag) terms() []string {
	var short, long []string
	for _, name := range f.Names {
		if len(name) == 1 {
			short = append(short, Dashed(name))
		} else {
			long = append(long, Dashed(name))
		}
	}
	return append(short, long...)
}

// sentence begins with a capital letter and ends with a full stop.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	text = strings.ToUpper(text[:1]) + text[1:]
	if strings.HasSuffix(text, ".") {
		return text
	}
	return text + "."
}
