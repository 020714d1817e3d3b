package lint

import (
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/download"
	"github.com/djok/facecraft/internal/lint/repo"
	"github.com/djok/facecraft/internal/lint/shell"
	"github.com/djok/facecraft/internal/lint/source"
)

// userRule finds images that run as root: root.
func userRule(j *judge) {
	for _, i := range j.Images {
		if strings.Contains(i.Name, ".devcontainer/") || isArtefact(i) {
			continue
		}
		step, command := repo.Last[*instructions.UserCommand](i)
		if step == nil {
			j.noUser(i)
			continue
		}
		user, _, _ := strings.Cut(step.Expand(command.User), ":")
		switch {
		case strings.Contains(user, shell.Unknown):
			j.unknown("root", step.Location(), "which user it runs as is not known before the build: %s",
				shown(user)).about(step)
		case user == "root" || strings.Trim(user, "0") == "" && user != "":
			if tool := dropsRootWith(i); tool != "" {
				j.unknown("root", step.Location(), "it starts as root, and %s may drop that", tool).about(step)
				continue
			}
			j.fail("root", step.Location(), "the image runs as root: its last USER is %s", user).about(step)
		}
	}
}

// isArtefact reports whether the final stage only delivers files.
func isArtefact(i *repo.Image) bool {
	if i.Final().Root() != "scratch" {
		return false
	}
	step, _ := repo.Last[*instructions.CmdCommand](i)
	entry, _ := repo.Last[*instructions.EntrypointCommand](i)
	return step == nil && entry == nil
}

func (j *judge) noUser(i *repo.Image) {
	from := i.Final()
	b := i.Base()
	switch tool := dropsRootWith(i); {
	case tool != "":
		j.unknown("root", from.Location(), "it starts as root, and %s may drop that", tool).whole()
	case !b.Known() || strings.Contains(b.Tag, "nonroot") || strings.Contains(b.Tag, "rootless"):
		j.unknown("root", from.Location(), "no USER is set, and it is not known which one %s sets",
			shown(from.Root())).whole()
	default:
		f := j.fail("root", from.Location(), "the image runs as root: no USER is set").whole()
		f.fix(userFix(i)...)
	}
}

// dropping lists tools with which an entry point gives up root.
var dropping = []string{"gosu", "su-exec", "setpriv", "tini-su", "s6-setuidgid", "chpst", "dumb-init-su"}

// dropsRootWith names a tool with which the image may give up root when it starts.
func dropsRootWith(i *repo.Image) string {
	for _, step := range i.Final().Chain() {
		if step.Script == nil {
			continue
		}
		for _, c := range step.Script.Commands {
			for _, word := range c.Words {
				if base := word.Text[strings.LastIndexByte(word.Text, '/')+1:]; slices.Contains(dropping, base) {
					return base
				}
			}
		}
	}
	return ""
}

// usersCreated returns the step that creates each user, by the user's name.
func usersCreated(steps []*dockerfile.Step) map[string]*dockerfile.Step {
	users := map[string]*dockerfile.Step{}
	for _, step := range steps {
		if step.Script == nil {
			continue
		}
		for _, c := range step.Script.Commands {
			if c.Name() != "useradd" && c.Name() != "adduser" {
				continue
			}
			if name := userName(c); name != "" && users[name] == nil {
				users[name] = step
			}
		}
	}
	return users
}

// userName returns the user that useradd or adduser creates: its last argument.
func userName(c *shell.Command) string {
	rest := download.Flags(c, "ugGsdkcKmfebpZh", []string{
		"--uid", "--gid", "--groups", "--shell", "--home", "--home-dir", "--comment", "--ingroup", "--gecos", "--base-dir",
		"--skel", "--password", "--key",
	}, func(string, string, shell.Word) {})
	if c.Name() == "useradd" { // its -m, -K and -f differ from adduser's
		rest = download.Flags(c, "ugGsdkcKfebpZR", []string{
			"--uid", "--gid", "--groups", "--shell", "--home-dir", "--comment", "--base-dir", "--skel", "--password", "--key",
		}, func(string, string, shell.Word) {})
	}
	if len(rest) == 0 || !rest[len(rest)-1].Known() {
		return ""
	}
	return rest[len(rest)-1].Text
}

// userFix adds USER after the last instruction that may need root, if the
// Dockerfile creates exactly one user.
func userFix(i *repo.Image) []source.Edit {
	users := usersCreated(i.Final().Chain())
	if len(users) != 1 || len(i.Final().Steps) == 0 {
		return nil
	}
	after := i.Final().Line
	for _, step := range i.Final().Steps {
		switch step.Command.(type) {
		case *instructions.RunCommand, *instructions.CopyCommand, *instructions.AddCommand, *instructions.WorkdirCommand:
			after = step.EndLine
		}
	}
	for name := range users {
		return []source.Edit{insertAfter(i, after, "USER "+name)}
	}
	return nil
}

// insertAfter adds a line below another.
func insertAfter(i *repo.Image, line int, text string) source.Edit {
	at := i.LineEnd(line)
	return source.Edit{File: i.Name, From: at, To: at, New: i.Newline() + text}
}
