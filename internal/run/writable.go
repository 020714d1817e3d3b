package run

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/inside"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/progress"
)

// Mend asks whether to change the owner of files that a server cannot write to;
// problem describes them.
type Mend func(ctx context.Context, problem string) error

// MendFiles changes the owner of files that a plan's server cannot write to, if
// Mend agrees, and reports whether it did.
func (r *Runner) MendFiles(ctx context.Context, c plan.Container) (mended bool, err error) {
	fresh, err := r.makeVolumes(ctx, c)
	if err == nil {
		err = r.proveWritable(ctx, c, func(ctx context.Context, problem string) error {
			mended = true
			return r.Mend(ctx, problem)
		})
	}
	if err != nil {
		r.removeVolumes(fresh)
	}
	for _, v := range fresh {
		v.settle()
	}
	return mended, err
}

// proveWritable runs a helper container with the server's user, volumes and
// directories that writes to them: that cannot be checked from outside. If it
// fails, and mend is given and agrees, it changes the owner of the files to
// that user.
func (r *Runner) proveWritable(ctx context.Context, c plan.Container, mend Mend) error {
	places, err := r.Helpers.TryToWrite(ctx, c)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil: // the server may still work, or fail with its own error
		r.Report(progress.Event{Stage: progress.Unproven, Subject: err.Error()})
		return nil
	}
	problem := explainPlaces(c, places)
	switch {
	case problem == "":
		return nil
	case slices.ContainsFunc(places, func(place inside.Place) bool { return place.Problem == syscall.EROFS.Error() }):
		return fault.New(fault.Server, "use another place: --data DIR", "%s", problem)
	case mend == nil:
		return fault.New(fault.Server, "run facecraft up --fix-permissions with the same flags to change their owner; it asks first", "%s", problem)
	}
	if err := mend(ctx, problem); err != nil {
		return err
	}
	if err := r.Helpers.Give(ctx, c); err != nil {
		return fault.Wrap(fault.Failed, err, "use another place: --data DIR", "the owner of the files could not be changed")
	}
	if places, err = r.Helpers.TryToWrite(ctx, c); err != nil {
		return err
	}
	if problem := explainPlaces(c, places); problem != "" {
		return fault.New(fault.Server, "use another place: --data DIR", "%s, and changing their owner did not help", problem)
	}
	return nil
}

// explainPlaces says which directories are not writable and why, or returns "".
func explainPlaces(c plan.Container, places []inside.Place) string {
	var lines []string
	for _, place := range places {
		if place.Problem != "" {
			lines = append(lines, fmt.Sprintf("\n  %s: owned by %s (%s): %s", placeName(c, place.Path), place.Owner, place.Mode, place.Problem))
		}
	}
	if lines == nil {
		return ""
	}
	return "the server, which runs as " + c.User + ", cannot write to its files" + strings.Join(lines, "")
}

func placeName(c plan.Container, target string) string {
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
