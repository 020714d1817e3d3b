package run

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/inside"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/progress"
)

// helperTimeout bounds a look at a server's files. Giving away many files may
// take longer.
const (
	helperTimeout = 20 * time.Second
	giveTimeout   = 10 * time.Minute
)

// MendFiles gives the server of a plan the files that it cannot write to, if
// Mend agrees, and tells whether there were any.
func (r *Runner) MendFiles(ctx context.Context, c plan.Container) (mended bool, err error) {
	fresh, err := r.makeVolumes(ctx, c)
	if err == nil {
		asking := *r
		asking.Mend = func(ctx context.Context, problem string) error {
			mended = true
			return r.Mend(ctx, problem)
		}
		err = asking.proveWritable(ctx, c)
	}
	if err != nil {
		r.removeVolumes(fresh)
	}
	for _, v := range fresh {
		v.settle()
	}
	return mended, err
}

// proveWritable has a container with the server's user, volumes and
// directories write to them: whether that works cannot be seen from outside.
// Where it does not, and mending was asked for and agreed to, the files are
// given to that user.
func (r *Runner) proveWritable(ctx context.Context, c plan.Container) error {
	places, err := r.tryToWrite(ctx, c)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil: // the server may work all the same, or fails with its own reason
		r.Report(progress.Event{Stage: progress.Unproven, Subject: err.Error()})
		return nil
	}
	problem := explainPlaces(c, places)
	switch {
	case problem == "":
		return nil
	case slices.ContainsFunc(places, func(place inside.Place) bool { return place.Problem == syscall.EROFS.Error() }):
		return fault.New(fault.Server, "use another place: --data DIR", "%s", problem)
	case r.Mend == nil:
		return fault.New(fault.Server, "facecraft up --fix-permissions, with the same flags, gives them to the server, after asking", "%s", problem)
	}
	if err := r.Mend(ctx, problem); err != nil {
		return err
	}
	if err := r.give(ctx, c); err != nil {
		return fault.Wrap(fault.Failed, err, "use another place: --data DIR", "the files could not be given to the server")
	}
	if places, err = r.tryToWrite(ctx, c); err != nil {
		return err
	}
	if problem := explainPlaces(c, places); problem != "" {
		return fault.New(fault.Server, "use another place: --data DIR", "%s, and giving them to it did not help", problem)
	}
	return nil
}

// explainPlaces says which places cannot be written to and why, or nothing.
func explainPlaces(c plan.Container, places []inside.Place) string {
	var lines []string
	for _, place := range places {
		if place.Problem != "" {
			lines = append(lines, fmt.Sprintf("\n  %s: it belongs to %s (%s): %s", placeName(c, place.Path), place.Owner, place.Mode, place.Problem))
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
			return b.Source + ", which leads to " + real
		}
		return b.Source
	}
	return target
}

func targets(c plan.Container) []string {
	var list []string
	for _, v := range c.Volumes {
		list = append(list, v.Target)
	}
	for _, b := range c.Binds {
		list = append(list, b.Target)
	}
	return list
}

func (r *Runner) tryToWrite(ctx context.Context, c plan.Container) ([]inside.Place, error) {
	ctx, cancel := context.WithTimeout(ctx, helperTimeout)
	defer cancel()
	output, err := r.amongFiles(ctx, c, c.User, nil, append([]string{inside.WriteCommand}, targets(c)...))
	if err != nil {
		return nil, err
	}
	var places []inside.Place
	if err := json.Unmarshal(output, &places); err != nil {
		return nil, fmt.Errorf("unexpected answer %q: %w", output, err)
	}
	return places, nil
}

// give makes the server's user the owner of its files. Only this container is
// root, with no more than that takes.
func (r *Runner) give(ctx context.Context, c plan.Container) error {
	ctx, cancel := context.WithTimeout(ctx, giveTimeout)
	defer cancel()
	uid, gid, _ := strings.Cut(c.User, ":")
	output, err := r.amongFiles(ctx, c, "0:0", []string{"CHOWN", "DAC_OVERRIDE", "FOWNER"},
		append([]string{inside.GiveCommand, uid, gid}, targets(c)...))
	if err != nil {
		return err
	}
	if answer := strings.TrimSpace(string(output)); answer != strconv.Quote("done") {
		return fmt.Errorf("unexpected answer %q", answer)
	}
	return nil
}

// amongFiles runs a command of the lite image where the plan's server has its
// files, and returns what it wrote.
func (r *Runner) amongFiles(ctx context.Context, c plan.Container, user string, capabilities, command []string) ([]byte, error) {
	image, err := r.lite(ctx)
	if err != nil {
		return nil, err
	}
	return r.inHelper(ctx, image, &container.Config{Cmd: command, User: user}, &container.HostConfig{
		Mounts:      mounts(c),
		Binds:       relabelled(c.Binds),
		GroupAdd:    c.GroupAdd,
		UsernsMode:  container.UsernsMode(c.UserNamespace),
		CapAdd:      capabilities,
		SecurityOpt: c.SecurityOpt,
	})
}

// lite is the lite image for the daemon, loaded.
func (r *Runner) lite(ctx context.Context) (plan.Image, error) {
	version, err := r.Docker.ServerVersion(ctx)
	if err != nil {
		return plan.Image{}, err
	}
	h, err := r.Images.Helper(version.Arch)
	if err != nil {
		return plan.Image{}, fmt.Errorf("nothing can look into a container: %w", err)
	}
	image := plan.Image{Reference: h.Reference(), Platform: "linux/" + version.Arch, BuiltIn: true}
	_, err = r.Images.EnsureBuiltIn(ctx, image, quietly)
	return image, err
}
