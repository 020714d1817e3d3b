package cli

import (
	"strings"

	"github.com/urfave/cli/v2"
)

// arrange puts a command's flags before its arguments, where urfave/cli
// expects them: it parses no flag that follows an argument, and people write
// `facecraft process photo.jpg -o out`. What follows "--" is an argument
// whatever it looks like, and so is "-".
func (a *app) arrange(args []string) []string {
	if len(args) < 2 {
		return args
	}
	command := a.commandLine().Command(args[1])
	if command == nil {
		return args
	}
	var flags, arguments []string
	rest := args[2:]
	for i := 0; i < len(rest); i++ {
		arg := rest[i]
		switch {
		case arg == "--":
			arguments = append(arguments, rest[i+1:]...)
			i = len(rest)
		case arg == "-" || !strings.HasPrefix(arg, "-"):
			arguments = append(arguments, arg)
		default:
			flags = append(flags, arg)
			if takesValue(command, arg) && i+1 < len(rest) {
				i++
				flags = append(flags, rest[i])
			}
		}
	}
	arranged := append([]string{args[0], args[1]}, flags...)
	if len(arguments) > 0 {
		arranged = append(append(arranged, "--"), arguments...)
	}
	return arranged
}

// takesValue tells whether the word after a flag is its value.
func takesValue(command *cli.Command, arg string) bool {
	name := strings.TrimLeft(arg, "-")
	if strings.Contains(name, "=") {
		return false
	}
	for _, flag := range command.Flags {
		for _, known := range flag.Names() {
			if known == name {
				documented, ok := flag.(cli.DocGenerationFlag)
				return ok && documented.TakesValue()
			}
		}
	}
	return false
}
