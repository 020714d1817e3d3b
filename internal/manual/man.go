package manual

import (
	"fmt"
	"strings"
)

// Man is the program's man page, in the macros of man(7).
func (p Program) Man() string {
	var w page
	w.title(p.Name)
	w.section("NAME")
	w.text(p.Name + ` \- ` + escape(p.Usage))
	w.section("SYNOPSIS")
	w.examples(p.Synopsis)
	w.section("DESCRIPTION")
	w.prose(p.Description)
	w.section("COMMANDS")
	for _, command := range p.Commands {
		w.term(bold(command.Name+" "+command.Arguments), escape(command.Usage))
	}
	w.section("EXIT STATUS")
	for _, exit := range p.ExitCodes {
		w.term(bold(fmt.Sprint(exit.Code)), escape(exit.Meaning))
	}
	w.section("SEE ALSO")
	var pages []string
	for _, command := range p.Commands {
		pages = append(pages, reference(p.pageName(command)))
	}
	w.text(strings.Join(pages, ",\n"))
	return w.String()
}

// ManOf is the man page of a command.
func (p Program) ManOf(c Command) string {
	var w page
	w.title(p.pageName(c))
	w.section("NAME")
	w.text(escape(p.pageName(c)) + ` \- ` + escape(c.Usage))
	w.section("SYNOPSIS")
	w.examples(c.Synopsis)
	if c.Description != "" {
		w.section("DESCRIPTION")
		w.prose(c.Description)
	}
	if len(c.Flags) > 0 {
		w.section("OPTIONS")
		for _, flag := range c.Flags {
			w.term(flag.term(), escape(sentence(flag.Usage)))
			if len(flag.Variables) > 0 {
				w.text("Environment: " + bold(strings.Join(flag.Variables, ", ")) + ".")
			}
		}
	}
	w.section("SEE ALSO")
	w.text(reference(p.Name))
	return w.String()
}

// PageName is the file name of a command's man page.
func (p Program) PageName(c Command) string { return p.pageName(c) + ".1" }

func (p Program) pageName(c Command) string { return p.Name + "-" + c.Name }

func (f Flag) term() string {
	var terms []string
	for _, name := range f.terms() {
		terms = append(terms, bold(name))
	}
	text := strings.Join(terms, ", ")
	if f.Placeholder != "" {
		text += ` \fI` + escape(f.Placeholder) + `\fR`
	}
	return text
}

// page is a man page being written.
type page struct{ strings.Builder }

// title has no date, so that a page only changes with what it says. Names of
// variables are not hyphenated.
func (w *page) title(name string) {
	fmt.Fprintf(w, ".TH %s 1 \"\" \"\" \"User Commands\"\n.nh\n.ad l\n", strings.ToUpper(escape(name)))
}

func (w *page) section(name string) { fmt.Fprintf(w, ".SH %s\n", name) }

// text writes lines that are escaped already.
func (w *page) text(lines string) { w.WriteString(lines + "\n") }

func (w *page) term(term, text string) {
	fmt.Fprintf(w, ".TP\n%s\n%s\n", strings.TrimSpace(term), text)
}

// examples keeps the lines as they are.
func (w *page) examples(lines []string) {
	w.text(".nf")
	for _, line := range lines {
		w.text(guard(escape(line)))
	}
	w.text(".fi")
}

// prose writes paragraphs. Indented lines and lists are kept as they are.
func (w *page) prose(text string) {
	kept := false
	for _, line := range strings.Split(text, "\n") {
		indented := strings.HasPrefix(line, "  ")
		switch {
		case indented && !kept:
			w.text(".nf")
		case !indented && kept:
			w.text(".fi")
		}
		kept = indented
		if line == "" {
			w.text(".PP")
		} else {
			w.text(guard(escape(line)))
		}
	}
	if kept {
		w.text(".fi")
	}
}

func bold(text string) string { return `\fB` + escape(strings.TrimSpace(text)) + `\fR` }

func reference(name string) string { return bold(name) + "(1)" }

// escape takes away what characters mean to roff. A bare hyphen may be printed
// as a dash, which nobody can paste into a shell.
func escape(text string) string {
	return strings.NewReplacer(`\`, `\e`, `-`, `\-`).Replace(text)
}

// guard keeps a line from being read as a macro.
func guard(line string) string {
	if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
		return `\&` + line
	}
	return line
}
