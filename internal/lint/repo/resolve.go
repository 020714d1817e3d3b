package repo

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/shell"
)

// workdir returns the directory in which a command of a step runs: WORKDIR, and
// the cd before it.
func workdir(step *dockerfile.Step, command *shell.Command) string {
	dir := step.Workdir
	for _, c := range step.Script.Commands {
		if c == command {
			break
		}
		if c.Name() == "cd" && len(c.Args()) == 1 {
			if target := c.Args()[0].Text; path.IsAbs(target) {
				dir = path.Clean(target)
			} else {
				dir = path.Join(dir, target)
			}
		}
	}
	return dir
}

// Absolute returns the absolute form of a path in a command.
func Absolute(step *dockerfile.Step, command *shell.Command, name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join(workdir(step, command), name)
}

// origin finds the file of the repository that a path in the image was copied
// from, as a step sees it, or the reason if that is unknown.
func (i *Image) origin(step *dockerfile.Step, name string) (file, reason string) {
	if strings.Contains(name, shell.Unknown) {
		return "", "its path is not known before the build"
	}
	if run, ok := step.Command.(*instructions.RunCommand); ok {
		for _, mount := range instructions.GetMounts(run) {
			if mount.Type != instructions.MountTypeBind {
				continue
			}
			target := step.Path(step.Expand(mount.Target))
			if rest, ok := Below(name, target); ok {
				return i.mounted(step, mount, rest)
			}
		}
	}
	chain := step.Stage.Chain()
	at := slices.Index(chain, step)
	if at < 0 {
		at = len(chain)
	}
	for n := at - 1; n >= 0; n-- {
		if file, reason, ok := i.copiedFrom(chain[n], name); ok {
			return file, reason
		}
	}
	return "", "no COPY adds it"
}

// Below returns the part of a path below a directory.
func Below(name, dir string) (string, bool) {
	if name == dir {
		return "", true
	}
	return strings.CutPrefix(name, strings.TrimSuffix(dir, "/")+"/")
}

func (i *Image) mounted(step *dockerfile.Step, mount *instructions.Mount, rest string) (file, reason string) {
	from := path.Join("/", step.Expand(mount.Source), rest)
	if mount.From == "" {
		return i.inContext(strings.TrimPrefix(from, "/"))
	}
	return i.inStage(mount.From, from)
}

func (i *Image) inStage(name, file string) (string, string) {
	stage := i.From(name)
	if stage == nil {
		return "", fmt.Sprintf("it comes from the image %s", name)
	}
	chain := stage.Chain()
	for n := len(chain) - 1; n >= 0; n-- {
		if file, reason, ok := i.copiedFrom(chain[n], file); ok {
			return file, reason
		}
	}
	return "", "the stage " + name + " makes it"
}

func (i *Image) inContext(name string) (string, string) {
	if i.ContextErr != nil {
		return "", i.ContextErr.Error()
	}
	name = path.Join(i.Context.Dir, name)
	if !i.Repo.Tree.Has(name) {
		return "", name + " is not in the repository"
	}
	return name, ""
}

// copiedFrom returns the file that a COPY or ADD puts at a path, or the reason if
// that is unknown.
func (i *Image) copiedFrom(step *dockerfile.Step, name string) (file, reason string, ok bool) {
	var sd instructions.SourcesAndDest
	from := ""
	switch c := step.Command.(type) {
	case *instructions.CopyCommand:
		sd, from = c.SourcesAndDest, c.From
	case *instructions.AddCommand:
		sd = c.SourcesAndDest
	default:
		return "", "", false
	}
	dest := step.Path(step.Expand(sd.DestPath))
	into := strings.HasSuffix(sd.DestPath, "/") || sd.DestPath == "." || len(sd.SourcePaths) > 1
	for _, source := range sd.SourcePaths {
		inner, ok := i.within(step, source, dest, name, into, from != "")
		if !ok {
			continue
		}
		if from != "" {
			file, reason = i.inStage(from, inner)
			return file, reason, true
		}
		file, reason = i.inContext(strings.TrimPrefix(inner, "/"))
		return file, reason, true
	}
	return "", "", false
}

// within returns the path in the source of a COPY that becomes a path in the
// image.
func (i *Image) within(step *dockerfile.Step, source, dest, name string, into, external bool) (string, bool) {
	source = path.Join("/", step.Expand(source))
	rest, inside := Below(name, dest)
	if !inside {
		return "", false
	}
	if strings.ContainsAny(source, "*?[") {
		candidate := path.Join(path.Dir(source), rest)
		matched, err := path.Match(source, candidate)
		return candidate, err == nil && matched
	}
	if external {
		if rest == path.Base(source) && path.Ext(rest) != "" {
			return source, true
		}
		return path.Join(source, rest), true
	}
	if directory := len(i.Repo.Tree.Under(path.Join(i.Context.Dir, source))) > 0; directory {
		candidate := path.Join(source, rest)
		return candidate, i.Repo.Tree.Has(path.Join(i.Context.Dir, candidate))
	}
	if rest == "" && !into {
		return source, true
	}
	return source, rest == path.Base(source)
}
