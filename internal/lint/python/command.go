package python

import (
	"regexp"
	"strings"

	"github.com/djok/facecraft/internal/lint/shell"
)

// Command is a call of pip or uv.
type Command struct {
	Options
	Tool         string // pip or uv
	Verb         string // install, wheel, download, uninstall, sync
	VerbWord     shell.Word
	Requirements []Requirement
	NoDeps       bool
	Upgrade      bool
	CPUBackend   bool // uv's --torch-backend cpu
	GPUBackend   bool // any other except auto
	NoProject    bool // uv sync without the project itself
}

var (
	pip    = regexp.MustCompile(`^pip[0-9.]*$`)
	python = regexp.MustCompile(`^(python|pypy)[0-9.]*$`)
)

// Read reads a shell's command if it is a call of pip or uv.
func Read(c *shell.Command) (*Command, bool) {
	tool, words := toolOf(c)
	if tool == "" {
		return nil, false
	}
	command := &Command{Tool: tool}
	for len(words) > 0 && strings.HasPrefix(words[0].Text, "-") { // options before the verb
		if takesValue(words[0].Text) && len(words) > 1 {
			words = words[1:]
		}
		words = words[1:]
	}
	if len(words) == 0 {
		return nil, false
	}
	switch words[0].Text {
	case "install", "wheel", "download", "uninstall", "sync", "add":
		command.Verb, command.VerbWord = words[0].Text, words[0]
	default:
		return nil, false
	}
	command.arguments(words[1:])
	return command, true
}

func toolOf(c *shell.Command) (string, []shell.Word) {
	name, args := c.Name(), c.Args()
	switch {
	case pip.MatchString(name):
		return "pip", args
	case python.MatchString(name):
		for i, arg := range args {
			if arg.Text == "-m" && i+1 < len(args) && args[i+1].Text == "pip" {
				return "pip", args[i+2:]
			}
		}
	case name == "uv":
		if len(args) > 0 && args[0].Text == "pip" {
			return "uv", args[1:]
		}
		return "uv", args
	}
	return "", nil
}

func (c *Command) arguments(args []shell.Word) {
	words := make([]word, 0, len(args))
	for i, arg := range args {
		words = append(words, word{arg.Text, arg.From, arg.To})
		name, value, joined := strings.Cut(arg.Text, "=")
		switch name {
		case "--no-deps":
			c.NoDeps = true
		case "-U", "--upgrade", "--force-reinstall", "--reinstall", "-I", "--ignore-installed":
			c.Upgrade = true
		case "--no-install-project", "--no-install-workspace", "--no-install-local":
			c.NoProject = true
		case "--torch-backend":
			if !joined && i+1 < len(args) {
				value = args[i+1].Text
			}
			c.CPUBackend, c.GPUBackend = value == "cpu", value != "cpu" && value != "auto"
		}
	}
	for _, other := range c.Options.read(words) {
		requirement := Parse(other.text)
		requirement.From, requirement.To = other.from, other.to
		c.Requirements = append(c.Requirements, requirement)
	}
}

// Local reports whether the command installs a project from the sources.
func (c *Command) Local() bool {
	for _, r := range append(c.Requirements, c.Editable...) {
		if r.Path != "" && !strings.HasSuffix(r.Path, ".whl") {
			return true
		}
	}
	return false
}
