// Package flagset works out what a command's flags are set to: by the command
// line, by the environment, which urfave/cli reads, or by the configuration
// file.
package flagset

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// ConfigCommand is the command whose arguments are a command line.
const ConfigCommand = "config"

// Arrange puts a command's flags before its arguments, where urfave/cli
// expects them: it parses no flag that follows an argument, but people write
// `facecraft process photo.jpg -o out`. Anything after "--" is an argument,
// and so is "-".
func Arrange(command *cli.Command, words []string) []string {
	flags, arguments := split(command, words)
	if len(arguments) == 0 {
		return flags
	}
	return slices.Concat(flags, []string{"--"}, arguments)
}

// split separates flags, with their values, from arguments.
func split(command *cli.Command, words []string) (flags, arguments []string) {
	for i := 0; i < len(words); i++ {
		word := words[i]
		switch {
		case word == "--":
			return flags, append(arguments, words[i+1:]...)
		case word == "-" || !strings.HasPrefix(word, "-"):
			arguments = append(arguments, word)
		case command.Name == ConfigCommand && flagOf(command, word) == nil && !isHelp(word):
			arguments = append(arguments, word) // part of the command line that is config's argument
		default:
			flags = append(flags, word)
			if takesValue(command, word) && i+1 < len(words) {
				i++
				flags = append(flags, words[i])
			}
		}
	}
	return flags, arguments
}

func isHelp(word string) bool { return slices.Contains([]string{"--help", "-help", "-h", "--h"}, word) }

// takesValue reports whether the word after a flag is its value.
func takesValue(command *cli.Command, word string) bool {
	documented, ok := flagOf(command, word).(cli.DocGenerationFlag)
	return ok && documented.TakesValue() && !strings.Contains(word, "=")
}

// flagOf is the flag that a word such as --port or --port=80 names, or nil.
func flagOf(command *cli.Command, word string) cli.Flag {
	name, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
	for _, flag := range command.Flags {
		if slices.Contains(flag.Names(), name) {
			return flag
		}
	}
	return nil
}
