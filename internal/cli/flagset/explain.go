package flagset

import (
	"net/url"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/config"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/secret"
)

// Explain adds to a report what the flags of a call are set to. The words are
// what was typed after the command.
func (s *Settings) Explain(c *cli.Context, words []string, report *config.Report) {
	typed, _ := split(c.Command, words)
	for _, flag := range c.Command.Flags {
		if settingOf(c.Command, flag).Kind == config.Command {
			continue
		}
		for _, row := range s.rows(c, flag, typed) {
			row.Name, row.Commands = flag.Names()[0], []string{c.Command.Name}
			report.Add(row)
		}
	}
}

// rows are a flag's values with their sources; only lists have several.
func (s *Settings) rows(c *cli.Context, flag cli.Flag, typed []string) (rows []config.Row) {
	name := flag.Names()[0]
	fromFile := 0
	for _, v := range s.Applied {
		if v.Name == name {
			rows = append(rows, config.Row{Value: shown(v.Texts), Source: v.Source(), Line: v.Line})
			fromFile += len(v.Texts)
		}
	}
	_, given := s.given[name]
	documented := flag.(cli.DocGenerationFlag)
	switch {
	case given && slices.ContainsFunc(typed, func(word string) bool { return flagOf(c.Command, word) == flag }):
		return append(rows, config.Row{Value: ownValue(c, flag, fromFile), Source: config.FromFlag})
	case given:
		return append(rows, config.Row{Value: ownValue(c, flag, fromFile), Source: config.FromEnvironment,
			Variable: s.setBy(documented.GetEnvVars())})
	case rows == nil:
		return []config.Row{{Value: strings.Trim(documented.GetDefaultText(), `"`), Source: config.FromDefault}}
	}
	return rows
}

// ownValue is a flag's value without the first words, which come from the file.
func ownValue(c *cli.Context, flag cli.Flag, fromFile int) string {
	name := flag.Names()[0]
	if list, ok := c.Generic(name).(*Words); ok {
		return shown((*list)[fromFile:])
	}
	if _, ok := flag.(*cli.StringSliceFlag); ok {
		return shown(c.StringSlice(name))
	}
	return shown([]string{c.String(name)})
}

// setBy is the variable that sets the flag: the first that has a value.
func (s *Settings) setBy(variables []string) string {
	for _, variable := range variables {
		if s.Getenv(variable) != "" {
			return variable
		}
	}
	return ""
}

// shown returns values without secrets: of K=V only K.
func shown(values []string) string {
	var texts []string
	for _, value := range values {
		name, _, given := strings.Cut(value, "=")
		address, err := url.Parse(value)
		switch {
		case given && plan.IsVariableName(name):
			value = name + "=…"
		case err == nil && address.User != nil:
			value = address.Redacted()
		default:
			value = secret.Mask(value)
		}
		texts = append(texts, value)
	}
	return strings.Join(texts, ", ")
}
