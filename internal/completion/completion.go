// Package completion answers what may come next on a command line. The scripts
// for the shells ask the program, so that they never need to be regenerated.
package completion

import (
	"fmt"
	"io"
	"strings"

	"github.com/djok/facecraft/internal/manual"
)

// Files says which file names the shell should add.
type Files string

// The shells complete names themselves, because they know about quoting, ~ and
// variables.
const (
	NoFiles     Files = "none"
	AnyFile     Files = "files"
	Directories Files = "directories"
	Photos      Files = "photos"
)

// Candidate is a word that may come next.
type Candidate struct{ Word, What string }

// Answer is all that may come next.
type Answer struct {
	Candidates []Candidate
	Files      Files
}

// Values are the values of a flag, or, without a flag, of a command's
// arguments.
type Values func(command, flag string) Answer

// Complete completes the last of the words, which may be empty. The words do
// not include the program.
func Complete(p manual.Program, words []string, values Values) Answer {
	if len(words) == 0 {
		words = []string{""}
	}
	before, current := words[:len(words)-1], words[len(words)-1]
	if len(before) == 0 || before[0] == "help" {
		return matching(commandNames(p), current)
	}
	command, ok := p.Command(before[0])
	if !ok {
		return Answer{Files: NoFiles}
	}
	line := read(command, before[1:])
	switch name, _, glued := strings.Cut(current, "="); {
	case line.awaits != "":
		return matching(values(command.Name, line.awaits), current)
	case line.argumentsOnly:
		return matching(values(command.Name, ""), current)
	case glued && strings.HasPrefix(name, "--"):
		return gluedValue(command, name, current, values)
	case strings.HasPrefix(current, "-") || command.Arguments == "":
		return matching(flagNames(command, line), current)
	}
	return matching(values(command.Name, ""), current)
}

func commandNames(p manual.Program) (answer Answer) {
	for _, command := range p.Commands {
		answer.Candidates = append(answer.Candidates, Candidate{command.Name, command.Usage})
	}
	return answer
}

// line is what the words before the current one say.
type line struct {
	used          map[string]bool // flags, by their first name
	awaits        string          // the flag whose value is next
	argumentsOnly bool            // after --
}

func read(command manual.Command, words []string) line {
	l := line{used: map[string]bool{}}
	for _, word := range words {
		name, _, glued := strings.Cut(strings.TrimLeft(word, "-"), "=")
		flag, ok := command.Flag(name)
		switch {
		case l.awaits != "":
			l.awaits = ""
		case l.argumentsOnly:
		case word == "--":
			l.argumentsOnly = true
		case !ok || !strings.HasPrefix(word, "-"):
		default:
			l.used[flag.Name()] = true
			if flag.Placeholder != "" && !glued {
				l.awaits = flag.Name()
			}
		}
	}
	return l
}

// flagNames are the flags that have not been given yet, by their long names.
func flagNames(command manual.Command, l line) (answer Answer) {
	for _, flag := range command.Flags {
		if !l.used[flag.Name()] || flag.Repeatable {
			answer.Candidates = append(answer.Candidates, Candidate{"--" + flag.Name(), flag.Usage})
		}
	}
	return answer
}

// gluedValue completes --flag=value.
func gluedValue(command manual.Command, name, current string, values Values) Answer {
	flag, ok := command.Flag(strings.TrimPrefix(name, "--"))
	if !ok || flag.Placeholder == "" {
		return Answer{Files: NoFiles}
	}
	answer := matching(values(command.Name, flag.Name()), strings.TrimPrefix(current, name+"="))
	for i := range answer.Candidates {
		answer.Candidates[i].Word = name + "=" + answer.Candidates[i].Word
	}
	return answer
}

// matching keeps what begins as the current word does.
func matching(answer Answer, current string) Answer {
	kept := Answer{Files: answer.Files}
	if kept.Files == "" {
		kept.Files = NoFiles
	}
	for _, candidate := range answer.Candidates {
		if strings.HasPrefix(candidate.Word, current) {
			kept.Candidates = append(kept.Candidates, candidate)
		}
	}
	return kept
}

// Write writes the answer as the scripts read it: first which files to add,
// and the extensions of photos, then one candidate a line, with a tab before
// what it is.
func (a Answer) Write(w io.Writer, extensions []string) error {
	first := string(a.Files)
	if a.Files == Photos {
		for _, extension := range extensions {
			first += " " + strings.TrimPrefix(extension, ".")
		}
	}
	var text strings.Builder
	text.WriteString(first + "\n")
	for _, candidate := range a.Candidates {
		fmt.Fprintf(&text, "%s\t%s\n", candidate.Word, firstLine(candidate.What))
	}
	_, err := io.WriteString(w, text.String())
	return err
}

func firstLine(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	return text
}
