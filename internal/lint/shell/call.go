package shell

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

func (w *walker) call(stmt *syntax.Stmt, call *syntax.CallExpr, at context) {
	for _, assign := range call.Assigns {
		w.assign(assign)
	}
	if len(call.Args) == 0 {
		return
	}
	c := &Command{
		From: w.offset + int(call.Args[0].Pos().Offset()), To: w.offset + int(call.End().Offset()),
		Lost: at.lost, Captured: at.captured,
		Plain: at.plain && at.lost == "" && !at.errexit,
	}
	for _, arg := range call.Args {
		c.Words = append(c.Words, w.word(arg))
	}
	w.redirections(stmt, c)
	c.Words = unwrap(c.Words)
	if len(c.Words) == 0 {
		return
	}
	if c.Name() == "set" {
		w.shellOptions(c)
	}
	if w.nested(c, at) {
		return
	}
	w.commands = append(w.commands, c)
}

func (w *walker) redirections(stmt *syntax.Stmt, c *Command) {
	for _, redirect := range stmt.Redirs {
		switch {
		case redirect.Hdoc != nil:
			c.Input = w.text(redirect.Hdoc)
		case redirect.Op == syntax.WordHdoc:
			c.Input = w.text(redirect.Word)
		case (redirect.Op == syntax.RdrOut || redirect.Op == syntax.RdrAll || redirect.Op == syntax.RdrClob) &&
			(redirect.N == nil || redirect.N.Value == "1"):
			out := w.word(redirect.Word)
			c.Output = &out
		}
		if end := w.offset + int(redirect.End().Offset()); redirect.Hdoc == nil && end > c.To {
			c.To = end
		}
	}
}

// wrappers run the command that follows them.
var wrappers = []string{"sudo", "env", "exec", "time", "nice", "command", "eatmydata", "nohup", "xvfb-run", "builtin"}

// unwrap drops sudo, env A=B and the like.
func unwrap(words []Word) []Word {
	for len(words) > 1 && slices.Contains(wrappers, words[0].Text) {
		words = words[1:]
		for len(words) > 1 && (strings.HasPrefix(words[0].Text, "-") || strings.Contains(words[0].Text, "=")) {
			words = words[1:]
		}
	}
	return words
}

// shells take a script after -c.
var shells = []string{"sh", "bash", "dash", "ash", "zsh"}

// maxNested bounds scripts within scripts.
const maxNested = 4

// nested reads the script of bash -c "...", if it is a single known word.
func (w *walker) nested(c *Command, at context) bool {
	if !slices.Contains(shells, c.Name()) || w.depth >= maxNested {
		return false
	}
	inner := Options{Getenv: w.getenv}
	for i, arg := range c.Args() {
		switch {
		case arg.Text == "pipefail":
			inner.Pipefail = true
		case strings.HasPrefix(arg.Text, "-") && strings.HasSuffix(arg.Text, "c") && !strings.HasPrefix(arg.Text, "--"):
			inner.Errexit = inner.Errexit || strings.Contains(arg.Text, "e")
			if i+1 >= len(c.Args()) {
				return false
			}
			return w.innerScript(c.Args()[i+1], inner, at)
		case strings.HasPrefix(arg.Text, "-") && strings.Contains(arg.Text, "e"):
			inner.Errexit = true
		case !strings.HasPrefix(arg.Text, "-"):
			return false
		}
	}
	return false
}

func (w *walker) innerScript(word Word, inner Options, at context) bool {
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(word.Text), "")
	if err != nil || !word.Known() {
		return false
	}
	n := &walker{options: inner, script: word.Text, set: w.set, offset: word.From + 1, depth: w.depth + 1,
		pipelines: w.pipelines}
	at.plain = false
	n.list(file.Stmts, at)
	for _, c := range n.commands {
		c.From, c.To = min(c.From, word.To), min(c.To, word.To)
		for i := range c.Words {
			c.Words[i].From, c.Words[i].To = min(c.Words[i].From, word.To), min(c.Words[i].To, word.To)
		}
	}
	w.commands, w.pipelines = append(w.commands, n.commands...), n.pipelines
	return true
}

func (w *walker) assign(assign *syntax.Assign) {
	if assign.Name == nil || assign.Append || assign.Array != nil || assign.Index != nil {
		if assign.Name != nil {
			w.set[assign.Name.Value] = Unknown
		}
		return
	}
	value := ""
	if assign.Value != nil {
		value = w.text(assign.Value)
	}
	if assign.Naked {
		return
	}
	w.set[assign.Name.Value] = value
}

func (w *walker) getenv(name string) (string, bool) {
	if value, ok := w.set[name]; ok {
		return value, !strings.Contains(value, Unknown)
	}
	if w.options.Getenv == nil {
		return "", false
	}
	return w.options.Getenv(name)
}

func (w *walker) word(word *syntax.Word) Word {
	return Word{Text: w.text(word), From: w.offset + int(word.Pos().Offset()), To: w.offset + int(word.End().Offset())}
}

func (w *walker) text(word *syntax.Word) string {
	var b strings.Builder
	for _, part := range word.Parts {
		w.part(&b, part, false)
	}
	return b.String()
}

func (w *walker) part(b *strings.Builder, part syntax.WordPart, quoted bool) {
	switch part := part.(type) {
	case *syntax.Lit:
		b.WriteString(unescape(part.Value, quoted))
	case *syntax.SglQuoted:
		b.WriteString(part.Value)
	case *syntax.DblQuoted:
		for _, inner := range part.Parts {
			w.part(b, inner, true)
		}
	case *syntax.ParamExp:
		b.WriteString(w.parameter(part))
	case *syntax.CmdSubst:
		w.list(part.Stmts, context{captured: true})
		b.WriteString(Unknown)
	default:
		b.WriteString(Unknown)
	}
}

// parameter expands $NAME, ${NAME} and ${NAME:-default}.
func (w *walker) parameter(p *syntax.ParamExp) string {
	if p.Param == nil || p.Excl || p.Length || p.Width || p.Index != nil || p.Slice != nil || p.Repl != nil {
		return Unknown
	}
	value, known := w.getenv(p.Param.Value)
	if !known {
		return Unknown
	}
	if p.Exp == nil {
		return value
	}
	if (p.Exp.Op == syntax.DefaultUnset || p.Exp.Op == syntax.DefaultUnsetOrNull) && p.Exp.Word != nil {
		if value == "" {
			return w.text(p.Exp.Word)
		}
		return value
	}
	return Unknown
}

func unescape(text string, quoted bool) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) && (!quoted || strings.IndexByte("$`\"\\\n", text[i+1]) >= 0) {
			if i++; text[i] == '\n' {
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}
