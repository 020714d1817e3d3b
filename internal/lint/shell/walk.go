package shell

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// walker collects commands. Its options change when the script runs set -e.
type walker struct {
	options   Options
	script    string
	set       map[string]string // variables that the script has set to known values
	commands  []*Command
	pipelines int
	offset    int // of a nested script in the outer one
	depth     int
}

// context describes the surroundings of a statement.
type context struct {
	lost     string // what hides its failure
	errexit  bool   // only set -e shows its failure
	plain    bool
	captured bool
}

// What hides a failure. For a pipe, pipefail prevents that.
const (
	bySemicolon  = "the next command still runs (;)"
	byOr         = "|| ignores the failure"
	ByPipe       = "a pipe has the status of its last command (no pipefail)"
	byBackground = "it runs in the background (&)"
	byLoop       = "the loop continues (no set -e)"
	byAnd        = "set -e does not see a failure before &&"
)

func (w *walker) list(stmts []*syntax.Stmt, around context) {
	for i, stmt := range stmts {
		at := around
		if len(stmts) > 1 {
			at.plain = false
		}
		if i < len(stmts)-1 && at.lost == "" {
			if at.errexit = w.options.Errexit; !at.errexit {
				at.lost = bySemicolon
			}
		}
		w.stmt(stmt, at)
	}
}

func (w *walker) stmt(stmt *syntax.Stmt, at context) {
	if stmt.Background {
		at.lost, at.plain = byBackground, false
	}
	if stmt.Negated {
		at.lost, at.plain = "", false
	}
	switch cmd := stmt.Cmd.(type) {
	case *syntax.CallExpr:
		w.call(stmt, cmd, at)
	case *syntax.BinaryCmd:
		w.binary(cmd, at)
	case *syntax.DeclClause:
		for _, assign := range cmd.Args {
			w.assign(assign)
		}
	default:
		at.plain = false
		w.compound(cmd, at)
	}
}

func (w *walker) compound(cmd syntax.Command, at context) {
	loop := at
	if !w.options.Errexit && loop.lost == "" {
		loop.lost = byLoop
	}
	condition := context{captured: at.captured}
	switch cmd := cmd.(type) {
	case *syntax.Subshell:
		w.list(cmd.Stmts, at)
	case *syntax.Block:
		w.list(cmd.Stmts, at)
	case *syntax.IfClause:
		for clause := cmd; clause != nil; clause = clause.Else {
			w.list(clause.Cond, condition)
			w.list(clause.Then, at)
		}
	case *syntax.WhileClause:
		w.list(cmd.Cond, condition)
		w.list(cmd.Do, loop)
	case *syntax.ForClause:
		if words, ok := cmd.Loop.(*syntax.WordIter); ok {
			w.set[words.Name.Value] = Unknown
		}
		w.list(cmd.Do, loop)
	case *syntax.CaseClause:
		for _, item := range cmd.Items {
			w.list(item.Stmts, at)
		}
	case *syntax.FuncDecl:
		w.stmt(cmd.Body, context{}) // the caller decides
	case *syntax.TimeClause:
		if cmd.Stmt != nil {
			w.stmt(cmd.Stmt, at)
		}
	}
}

func (w *walker) binary(cmd *syntax.BinaryCmd, at context) {
	x, y := at, at
	switch cmd.Op {
	case syntax.AndStmt:
		if at.errexit {
			x.lost = byAnd
		}
		x.errexit = false
	case syntax.OrStmt:
		x.plain, y.plain = false, false
		if harmless(cmd.Y) {
			x.lost = byOr
		} else {
			x.lost, x.errexit = lostAfter(at, cmd.Y), false
		}
	default:
		w.pipeline(cmd, at)
		return
	}
	w.stmt(cmd.X, x)
	w.stmt(cmd.Y, y)
}

// lostAfter returns what hides a failure that is followed by an alternative: nothing
// if the alternative ends the script.
func lostAfter(at context, alternative *syntax.Stmt) string {
	if ends(alternative) {
		return ""
	}
	return at.lost
}

func (w *walker) pipeline(cmd *syntax.BinaryCmd, at context) {
	w.pipelines++
	number := w.pipelines
	elements := pipeElements(cmd)
	for i, element := range elements {
		inside := at
		inside.plain = false
		if i < len(elements)-1 && !w.options.Pipefail && inside.lost == "" {
			inside.lost = ByPipe
		}
		first := len(w.commands)
		w.stmt(element, inside)
		for _, c := range w.commands[first:] {
			if c.Pipeline == 0 {
				c.Pipeline = number
			}
		}
	}
}

func pipeElements(cmd *syntax.BinaryCmd) []*syntax.Stmt {
	var list []*syntax.Stmt
	for _, side := range []*syntax.Stmt{cmd.X, cmd.Y} {
		if inner, ok := side.Cmd.(*syntax.BinaryCmd); ok && (inner.Op == syntax.Pipe || inner.Op == syntax.PipeAll) &&
			len(side.Redirs) == 0 {
			list = append(list, pipeElements(inner)...)
			continue
		}
		list = append(list, side)
	}
	return list
}

// harmless reports whether a statement after || succeeds regardless.
func harmless(stmt *syntax.Stmt) bool {
	call, ok := stmt.Cmd.(*syntax.CallExpr)
	if !ok || len(call.Args) == 0 {
		return false
	}
	name := call.Args[0].Lit()
	if name == "exit" {
		return len(call.Args) > 1 && call.Args[1].Lit() == "0"
	}
	return slices.Contains([]string{"true", ":", "echo", "printf", "rm", "mkdir", "touch"}, name)
}

// ends reports whether a statement after || makes the build fail.
func ends(stmt *syntax.Stmt) bool {
	switch cmd := stmt.Cmd.(type) {
	case *syntax.CallExpr:
		return len(cmd.Args) > 0 && slices.Contains([]string{"exit", "false", "return"}, cmd.Args[0].Lit())
	case *syntax.Block:
		return len(cmd.Stmts) > 0 && ends(cmd.Stmts[len(cmd.Stmts)-1])
	case *syntax.Subshell:
		return len(cmd.Stmts) > 0 && ends(cmd.Stmts[len(cmd.Stmts)-1])
	case *syntax.BinaryCmd:
		return ends(cmd.Y)
	}
	return false
}

// shellOptions follows set -e, set -o pipefail and the like.
func (w *walker) shellOptions(c *Command) {
	args := c.Args()
	for i, arg := range args {
		on := strings.HasPrefix(arg.Text, "-")
		if !on && !strings.HasPrefix(arg.Text, "+") {
			continue
		}
		if strings.Contains(arg.Text, "e") {
			w.options.Errexit = on
		}
		if strings.Contains(arg.Text, "o") && i+1 < len(args) {
			switch args[i+1].Text {
			case "pipefail":
				w.options.Pipefail = on
			case "errexit":
				w.options.Errexit = on
			}
		}
	}
}
