package manual

import (
	"fmt"
	"strings"
)

// Markdown is one page about all commands.
func (p Program) Markdown() string {
	var w strings.Builder
	fmt.Fprintf(&w, "# The commands of %s\n\n%s\n\n", p.Name, p.Description)
	w.WriteString("| command | what it does |\n|---|---|\n")
	for _, c := range p.Commands {
		fmt.Fprintf(&w, "| [`%s`](#%s-%s) | %s |\n", strings.TrimSpace(c.Name+" "+c.Arguments), p.Name, c.Name, cell(c.Usage))
	}
	for _, c := range p.Commands {
		w.WriteString(p.markdownOf(c))
	}
	w.WriteString("\n## Exit codes\n\n| code | meaning |\n|---|---|\n")
	for _, exit := range p.ExitCodes {
		fmt.Fprintf(&w, "| %d | %s |\n", exit.Code, cell(exit.Meaning))
	}
	return w.String()
}

func (p Program) markdownOf(c Command) string {
	var w strings.Builder
	fmt.Fprintf(&w, "\n## %s %s\n\n%s\n\n", p.Name, c.Name, sentence(c.Usage))
	for _, line := range c.Synopsis {
		fmt.Fprintf(&w, "    %s\n", line)
	}
	if c.Description != "" {
		fmt.Fprintf(&w, "\n%s\n", prose(c.Description))
	}
	if len(c.Flags) == 0 {
		return w.String()
	}
	w.WriteString("\n| flag | what it does | variable |\n|---|---|---|\n")
	for _, flag := range c.Flags {
		terms := strings.Join(flag.terms(), ", ")
		if flag.Placeholder != "" {
			terms += " " + flag.Placeholder
		}
		variables := ""
		if len(flag.Variables) > 0 {
			variables = "`" + strings.Join(flag.Variables, "`, `") + "`"
		}
		fmt.Fprintf(&w, "| `%s` | %s | %s |\n", terms, cell(flag.Usage), variables)
	}
	return w.String()
}

// prose indents what is indented as Markdown's code.
func prose(text string) string {
	lines := strings.Split(text, "\n")
	kept := false
	var out []string
	for _, line := range lines {
		indented := strings.HasPrefix(line, "  ")
		if indented != kept && len(out) > 0 && out[len(out)-1] != "" {
			out = append(out, "")
		}
		if kept = indented; indented {
			line = "  " + line
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
