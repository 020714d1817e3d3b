package run

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/helpercmd"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/progress"
)

// Confirm asks whether to change the owner of files that a server cannot write
// to; problem describes them.
type Confirm func(ctx context.Context, problem string) error

// FixPermissions changes the owner of files that a plan's server cannot write to,
// if ConfirmOwnerChange agrees, and reports whether it did.
func (r *Runner) FixPermissions(ctx context.Context, c plan.Container) (fixed bool, err error) {
	fresh, err := r.makeVolumes(ctx, c)
	if err == nil {
		err = r.proveWritable(ctx, c, func(ctx context.Context, problem string) error {
			fixed = true
			return r.ConfirmOwnerChange(ctx, problem)
		})
	}
	if err != nil {
		r.removeVolumes(fresh)
	}
	for _, v := range fresh {
		v.settle()
	}
	return fixed, err
}

// proveWritable runs a helper container with the server's user, volumes and
// directories that writes to them: that cannot be checked from outside. If it
// fails, and confirm is given and agrees, it changes the owner of the files to
// that user.
func (r *Runner) proveWritable(ctx context.Context, c plan.Container, confirm Confirm) error {
	dirs, err := r.Helpers.CheckWritable(ctx, c)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil: // the server may still work, or fail with its own error
		r.Report(progress.Event{Stage: progress.Unproven, Subject: err.Error()})
		return nil
	}
	problem := explainUnwritable(c, dirs)
	switch {
	case problem == "":
		return nil
	case slices.ContainsFunc(dirs, func(dir helpercmd.Directory) bool { return dir.Problem == syscall.EROFS.Error() }):
		return fault.New(fault.Server, "use another place: --data DIR", "%s", problem)
	case confirm == nil:
		return fault.New(fault.Server,
			"run facecraft up --fix-permissions with the same flags to change their owner; it asks first", "%s", problem)
	}
	if err := confirm(ctx, problem); err != nil {
		return err
	}
	if err := r.Helpers.ChangeOwner(ctx, c); err != nil {
		return fault.Wrap(fault.Failed, err, "use another place: --data DIR", "the owner of the files could not be changed")
	}
	if dirs, err = r.Helpers.CheckWritable(ctx, c); err != nil {
		return err
	}
	if problem := explainUnwritable(c, dirs); problem != "" {
		return fault.New(fault.Server, "use another place: --data DIR", "%s, and changing their owner did not help", problem)
	}
	return nil
}

// explainUnwritable says which directories are not writable and why, or returns "".
func explainUnwritable(c plan.Container, dirs []helpercmd.Directory) string {
	var lines []string
	for _, dir := range dirs {
		if dir.Problem != "" {
			lines = append(lines,
				fmt.Sprintf("\n  %s: owned by %s (%s): %s", locationName(c, dir.Path), dir.Owner, dir.Mode, dir.Problem))
		}
	}
	if lines == nil {
		return ""
	}
	return "the server, which runs as " + c.User + ", cannot write to its files" + strings.Join(lines, "")
}

func locationName(c plan.Container, target string) string {
	for _, v := range c.Volumes {
		if v.Target == target {
			return "the volume " + v.Name
		}
	}
	for _, b := range c.Binds {
		if b.Target != target {
			continue
		}
		if real, err := filepath.EvalSymlinks(b.Source); err == nil && real != filepath.Clean(b.Source) {
			return b.Source + ", which links to " + real
		}
		return b.Source
	}
	return target
}
