package lint

import (
	"path"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/djok/facecraft/internal/lint/baseimage"
	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/repo"
	"github.com/djok/facecraft/internal/lint/shell"
	"github.com/djok/facecraft/internal/lint/source"
)

// chownFix sets the owner where the files are copied. It is safe only if no other
// step fills the directory; then only directories still need the chown.
func chownFix(i *repo.Image, step *dockerfile.Step, c *shell.Command, target string,
	copies []*dockerfile.Step) []source.Edit {
	args := operands(c)
	if c.Name() != "chown" || len(args) != 2 || step.Script.Exec || step.Onbuild {
		return nil
	}
	// A name alone keeps the group, which COPY --chown would set.
	owner := args[0].Text
	name, group, _ := strings.Cut(owner, ":")
	users := usersCreated(step.Stage.Chain())
	if group == "" || !args[0].Known() || !args[1].Known() || strings.ContainsAny(owner, " '\"") ||
		!isOwnPlace(i, step, target) {
		return nil
	}
	var edits []source.Edit
	for _, earlier := range copies {
		dest, _ := repo.Destination(earlier)
		if _, inside := repo.Below(dest, target); !inside || hasOwner(earlier) {
			return nil
		}
		if maker := users[name]; maker != nil &&
			slices.Index(step.Stage.Chain(), maker) > slices.Index(step.Stage.Chain(), earlier) {
			return nil // the user does not exist yet
		}
		keyword, ok := keywordEnd(i, earlier)
		if !ok {
			return nil
		}
		edits = append(edits, source.Edit{File: i.Name, From: keyword, To: keyword, New: " --chown=" + owner})
	}
	made, ok := madeUnder(step, c, target)
	if !ok {
		return nil
	}
	recursive := c.Args()[0]
	if recursive.Text != "-R" && recursive.Text != "--recursive" {
		return nil
	}
	from, to := step.Script.Offset(recursive.From), step.Script.Offset(args[0].From)
	end := step.Script.Offset(c.To-1) + 1
	edits = append(edits, source.Edit{File: i.Name, From: from, To: to})
	if len(made) > 0 {
		edits = append(edits, source.Edit{File: i.Name, From: end, To: end, New: " " + strings.Join(made, " ")})
	}
	return edits
}

// systemPlaces are directories in which base images contain files.
var systemPlaces = []string{"bin", "boot", "dev", "etc", "lib", "lib64", "proc", "root", "run", "sbin", "sys", "tmp",
	"usr", "var", ""}

// isOwnPlace reports whether only the Dockerfile puts files into a directory: the
// base image is known, and has nothing there.
func isOwnPlace(i *repo.Image, step *dockerfile.Step, target string) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(target, "/"), "/")
	return baseimage.Parse(step.Stage.Root()).Known() && !slices.Contains(systemPlaces, first)
}

func hasOwner(step *dockerfile.Step) bool {
	switch c := step.Command.(type) {
	case *instructions.CopyCommand:
		return c.Chown != ""
	case *instructions.AddCommand:
		return c.Chown != ""
	}
	return false
}

// keywordEnd returns the offset at which flags of a COPY or ADD can be inserted.
func keywordEnd(i *repo.Image, step *dockerfile.Step) (int, bool) {
	text := i.Line(step.Line)
	bare := strings.TrimLeft(text, " \t")
	keyword, _, ok := strings.Cut(bare, " ")
	if !ok || !strings.EqualFold(keyword, step.Command.Name()) {
		return 0, false
	}
	return i.LineStart(step.Line) + len(text) - len(bare) + len(keyword), true
}

// writesNothing lists commands that write nothing into an application's
// directory.
var writesNothing = []string{
	"apt-get", "apt", "apk", "useradd", "adduser", "groupadd", "addgroup", "echo", "true", "set", "pip", "pip3", "chown",
	"cd", "rm", "export", "ldconfig",
}

// madeUnder returns the directories that mkdir creates below a path before a
// command runs, parents included. ok is false if something else may write there.
func madeUnder(step *dockerfile.Step, until *shell.Command, target string) (made []string, ok bool) {
	for _, earlier := range step.Stage.Steps {
		if earlier.Script == nil {
			continue
		}
		if _, isRun := earlier.Command.(*instructions.RunCommand); !isRun {
			continue
		}
		if earlier.Script.Unread != "" {
			return nil, false
		}
		for _, c := range earlier.Script.Commands {
			if c == until {
				return made, true
			}
			switch {
			case c.Name() == "mkdir":
				for _, arg := range operands(c) {
					if !arg.Known() {
						return nil, false
					}
					for dir := repo.Absolute(earlier, c, arg.Text); ; dir = path.Dir(dir) {
						if rest, inside := repo.Below(dir, target); !inside || rest == "" || slices.Contains(made, dir) {
							break
						}
						made = append(made, dir)
					}
				}
			case !slices.Contains(writesNothing, c.Name()):
				return nil, false
			}
		}
	}
	return made, false
}

// bindFix mounts the files that an install needs instead of copying and deleting
// them. It is safe only if a single RUN uses the files and deletes them at its end.
func bindFix(i *repo.Image, earlier, step *dockerfile.Step, rm *shell.Command, target string) []source.Edit {
	cp, ok := earlier.Command.(*instructions.CopyCommand)
	dest, _ := repo.Destination(earlier)
	if !ok || dest != target || len(cp.SourcePaths) != 1 || len(cp.SourceContents) > 0 ||
		strings.ContainsAny(cp.SourcePaths[0], "*?[") || step.Script.Exec {
		return nil
	}
	commands := step.Script.Commands
	n := slices.Index(commands, rm)
	if n < 1 || n != len(commands)-1 || len(operands(rm)) != 1 || !rm.Plain || !commands[n-1].Plain ||
		!isOnlyUse(i, earlier, step, target) || !readsFrom(i, step, earlier, cp) {
		return nil
	}
	mount := "--mount=type=bind,"
	if cp.From != "" {
		mount += "from=" + cp.From + ","
	}
	mount += "source=" + cp.SourcePaths[0] + ",target=" + target + " "
	run := strings.Index(strings.ToUpper(i.Line(step.Line)), "RUN ")
	if run < 0 {
		return nil
	}
	at := i.LineStart(step.Line) + run + len("RUN ")
	copyTo := i.LineStart(earlier.EndLine + 1)
	return []source.Edit{
		{File: i.Name, From: i.LineStart(earlier.Line), To: copyTo},
		{File: i.Name, From: at, To: at, New: mount},
		{File: i.Name, From: step.Script.Offset(commands[n-1].To-1) + 1, To: step.Script.Offset(rm.To-1) + 1},
	}
}

// readsFrom reports whether the RUN only installs from the copied files: pip does
// not write next to its wheels.
func readsFrom(i *repo.Image, step, earlier *dockerfile.Step, cp *instructions.CopyCommand) bool {
	for _, c := range step.Script.Commands[:len(step.Script.Commands)-1] {
		if !slices.Contains([]string{"pip", "pip3", "python", "python3", "uv"}, c.Name()) {
			return false
		}
	}
	if cp.From == "" {
		return i.Repo.Tree.Has(path.Join(i.Context.Dir, step.Expand(cp.SourcePaths[0])))
	}
	from := path.Base(cp.SourcePaths[0])
	return path.IsAbs(cp.SourcePaths[0]) && earlier != step && !strings.Contains(from, "$")
}

// isOnlyUse reports whether only one step names a path after it was copied.
func isOnlyUse(i *repo.Image, earlier, step *dockerfile.Step, target string) bool {
	after := false
	for _, other := range step.Stage.Steps {
		switch {
		case other == earlier:
			after = true
		case after && other != step:
			for line := other.Line; line <= other.EndLine; line++ {
				if strings.Contains(i.Line(line), target) {
					return false
				}
			}
		}
	}
	return true
}
