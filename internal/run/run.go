// Package run carries a Plan out: image, container, readiness, logs, removal.
// It decides nothing; labels in the daemon are its only memory.
package run

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
	"golang.org/x/sync/errgroup"

	"github.com/djok/facecraft/internal/containers"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/helper"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/progress"
	"github.com/djok/facecraft/internal/remains"
)

// longStart is the usual time to readiness from which a server is started before
// it is proven that it can write.
const longStart = 5 * time.Second

// startGrace is how long a container may lie between its creation and its
// start before it counts as left behind.
const startGrace = 10 * time.Second

// Runner acts on one daemon.
type Runner struct {
	Docker client.APIClient
	// Instance limits what the runner sees, as plan.Container.Instance.
	Instance string
	Version  string // of this program, for the labels
	// Remote daemons publish ports on another machine.
	Remote  bool
	Helpers *helper.Containers
	// Report is told what is going on.
	Report func(progress.Event)
	// Mend is nil where mending was not asked for.
	Mend Mend
	// Unfinished takes note of what would be left behind if this process ended
	// at once; nil takes none.
	Unfinished *remains.List
}

// Server is a container of this program, as the daemon describes it now.
type Server struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Variant string `json:"variant"`
	Image   string `json:"image"`
	Digest  string `json:"digest,omitempty"` // that the image was pulled with
	ImageID string `json:"image_id"`         // the digest of what runs, whatever the tag means by now
	State   string `json:"state"`            // as docker ps: running, exited, created …
	Status  string `json:"status"`
	URL     string `json:"url,omitempty"`    // empty unless it runs
	Port    int    `json:"port,omitempty"`   // on the host
	Listen  string `json:"listen,omitempty"` // the address of the host
	Plan    string `json:"plan"`             // plan.Container.Hash
	GPUs    string `json:"gpus,omitempty"`   // plan.GPURequest.String
	// Replica numbers the servers of an instance that has several, from 1 on.
	Replica int       `json:"replica,omitempty"`
	Created time.Time `json:"created"`
	// Unmanaged servers were started by Compose or by hand.
	Unmanaged bool `json:"other,omitempty"`

	// fresh are the volumes that were made for this container.
	fresh []newVolume
	// settle ends the notes of what would be left behind.
	settle func()
}

// Settled says that a server that was just started stays.
func (s Server) Settled() {
	if s.settle != nil {
		s.settle()
	}
}

// Running tells whether the container's process runs.
func (s Server) Running() bool { return s.State == "running" }

// Paused tells whether somebody stopped the container's process for a while.
func (s Server) Paused() bool { return s.State == "paused" }

// Died tells whether the container's process ran, and does not now.
func (s Server) Died() bool {
	switch s.State {
	case "exited", "dead", "restarting", "stopped": // the last one is Podman's, of one that just ended
		return true
	}
	return false
}

// List lists this program's containers: running ones first, then by
// replica, then the newest first.
func (r *Runner) List(ctx context.Context) ([]Server, error) {
	list, err := r.Docker.ContainerList(ctx, container.ListOptions{
		All:     true,
		Filters: filters.NewArgs(filters.Arg("label", plan.LabelInstance+"="+r.Instance)),
	})
	if err != nil {
		return nil, err
	}
	var running, others []Server // the daemon lists the newest first
	for _, c := range list {
		if s := r.fromSummary(ctx, c); s.Running() {
			running = append(running, s)
		} else {
			others = append(others, s)
		}
	}
	for _, list := range [][]Server{running, others} {
		slices.SortStableFunc(list, func(a, b Server) int { return a.Replica - b.Replica })
	}
	return append(running, others...), nil
}

func (r *Runner) fromSummary(ctx context.Context, c container.Summary) Server {
	s := Server{
		ID:      c.ID,
		Variant: c.Labels[plan.LabelVariant],
		Plan:    c.Labels[plan.LabelPlan],
		GPUs:    c.Labels[plan.LabelGPUs],
		Image:   c.Image,
		Digest:  c.Labels[plan.LabelDigest],
		ImageID: c.ImageID,
		State:   c.State,
		Status:  c.Status,
		Created: time.Unix(c.Created, 0),
	}
	if c.Image == c.ImageID { // the reference means another image by now
		if inspect, err := r.Docker.ContainerInspect(ctx, c.ID); err == nil {
			s.Image = inspect.Config.Image
		}
	}
	s.Replica, _ = strconv.Atoi(c.Labels[plan.LabelReplica]) // 0 without a label
	if len(c.Names) > 0 {
		s.Name = strings.TrimPrefix(c.Names[0], "/")
	}
	for _, port := range c.Ports {
		ip := net.ParseIP(port.IP)
		if port.PrivatePort != plan.ContainerPort || port.PublicPort == 0 || ip == nil {
			continue
		}
		if !s.Running() && !s.Paused() {
			continue // Podman lists what it would have
		}
		// A port published on all addresses is listed once for IPv6 and once
		// for IPv4, which more programs can reach.
		if s.URL == "" || ip.To4() != nil {
			s.Port, s.Listen = int(port.PublicPort), port.IP
			s.URL = plan.Publish{Address: port.IP, Port: s.Port}.URL()
		}
	}
	return s
}

// Start creates and starts a container. usual is how long its server takes to be
// ready on an ordinary machine. When another call created the container in the
// meantime, that one is returned and created is false. After a failure or an
// interruption nothing is left behind.
func (r *Runner) Start(ctx context.Context, c plan.Container, usual time.Duration, secrets map[string]string) (server Server, created bool, err error) {
	r.Report(progress.Event{Stage: progress.Starting, Subject: c.Name})
	settle := r.Unfinished.Add("the container "+c.Name, plan.DownCommand(r.Instance))
	defer func() {
		if !created {
			settle()
		}
	}()
	fresh, err := r.makeVolumes(ctx, c)
	if err != nil {
		r.removeVolumes(fresh)
		return Server{}, false, err
	}
	id, other, err := r.create(ctx, c, secrets)
	switch {
	case err != nil:
		r.removeVolumes(fresh)
		return Server{}, false, err
	case other != nil && other.Running():
		return *other, false, nil
	case other != nil:
		id = other.ID
	}
	if err := r.startProven(ctx, c, usual, id); err != nil {
		if other == nil { // another call's is that call's to remove
			r.Discard(Server{ID: id})
		}
		r.removeVolumes(fresh)
		return Server{}, false, err
	}
	settled := func() {
		settle()
		for _, v := range fresh {
			v.settle()
		}
	}
	return Server{ID: id, Name: c.Name, Replica: c.Replica, Variant: c.Variant, Image: c.Image.Reference, Digest: c.Image.Digest, State: "running",
		URL: c.Publish.URL(), Port: c.Publish.Port, Listen: c.Publish.Address, Plan: c.Hash(), Created: time.Now(), fresh: fresh, settle: settled}, other == nil, nil
}

// startProven starts a container whose user can write to its files. It proves
// that before, or meanwhile where the server takes longer to load than the proof
// does and nothing may have to be mended.
func (r *Runner) startProven(ctx context.Context, c plan.Container, usual time.Duration, id string) error {
	var proving errgroup.Group
	proving.Go(func() error { return r.proveWritable(ctx, c, r.Mend) })
	if r.Mend != nil || usual < longStart {
		if err := proving.Wait(); err != nil {
			return err
		}
	}
	startErr := r.start(ctx, id)
	if err := proving.Wait(); err != nil {
		return err
	}
	if startErr != nil {
		return startFault(ctx, c, "start the container", startErr)
	}
	return nil
}

// start starts a container, which is safe to be done twice: the daemon ignores
// the second. One that another call makes is listed a moment before it can be
// started. (moby 20.10, daemon/create.go: setHostConfig before Register)
func (r *Runner) start(ctx context.Context, id string) error {
	return containers.RetryBriefly(ctx, func() error {
		return r.Docker.ContainerStart(ctx, id, container.StartOptions{})
	}, func(err error) bool { return !errdefs.IsNotFound(err) })
}

// create makes the container. Where a call like this one was faster, it
// returns that one's container as other: it runs, or is the same plan's and
// still to be started, which a killed call leaves to the next. The name is
// taken before the container can be seen, so that its holder may be nobody yet.
func (r *Runner) create(ctx context.Context, c plan.Container, secrets map[string]string) (id string, other *Server, err error) {
	config, host, platform := containers.Spec(c, secrets, r.Version)
	begin := time.Now()
	for {
		response, err := containers.Create(ctx, r.Docker, config, host, platform, c.Name)
		if err == nil {
			return response.ID, nil, nil
		}
		if !nameTaken(err) {
			return "", nil, startFault(ctx, c, "create the container", err)
		}
		holder, inspectErr := r.Docker.ContainerInspect(ctx, c.Name)
		if inspectErr == nil && holder.Config.Labels[plan.LabelInstance] != c.Instance {
			return "", nil, fault.Wrap(fault.Failed, err, "rename or remove it: docker rm -f "+c.Name,
				"the name %s is taken by another container", c.Name)
		}
		if time.Since(begin) > startGrace {
			return "", nil, fault.Wrap(fault.Failed, err, "facecraft down removes it; then run facecraft up again",
				"the container %s neither runs nor ends", c.Name)
		}
		servers, err := r.List(ctx)
		if err != nil {
			return "", nil, err
		}
		for _, s := range servers {
			switch {
			case s.Name != c.Name:
			case s.Plan == c.Hash() && (s.Running() || s.State == "created"):
				return "", &s, nil
			case s.Running():
				return "", nil, fault.New(fault.Failed, "use it as it is, or replace it: facecraft up --recreate with the same flags",
					"another server was started meanwhile at %s", s.URL)
			}
		}
		select {
		case <-ctx.Done():
			return "", nil, ctx.Err()
		case <-time.After(pollInterval):
		}
	}
}

// RemoveDead makes room for new containers where earlier ones of the instance
// ended.
func (r *Runner) RemoveDead(ctx context.Context) error {
	servers, err := r.List(ctx)
	if err != nil {
		return err
	}
	for _, s := range servers {
		if s.ended() {
			if err := containers.Remove(ctx, r.Docker, s.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// ended tells whether the container will not run any more. One that was just
// created may be about to be started by another call.
func (s Server) ended() bool {
	return s.Died() || s.State == "created" && time.Since(s.Created) > startGrace
}

// nameTaken tells whether a container could not be made because its name is
// another's. Podman (4.3) says so without Docker's status.
func nameTaken(err error) bool {
	return errdefs.IsConflict(err) || strings.Contains(err.Error(), "is already in use by")
}

// startFault explains why the daemon could not create or start a container.
func startFault(ctx context.Context, c plan.Container, doing string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if fault := portFault(c.Publish.Port, err); fault != nil {
		return fault
	}
	if strings.Contains(err.Error(), "cannot assign requested address") {
		return fault.Wrap(fault.Failed, err, "use one that it has: ip address lists them", "this machine has no address %s to listen on", c.Publish.Address)
	}
	return refusal(doing, err)
}

// refusal explains what the daemon refuses, whatever the plan.
func refusal(doing string, err error) error {
	if known := recognise(err.Error(), refusals); known != nil {
		return fault.Wrap(fault.Unrunnable, err, known.remedy, "%s", known.what)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// Discard removes a server that is not to stay, and the volumes that were
// made for it. It works after an interruption too.
func (r *Runner) Discard(s Server) {
	ctx, cancel := context.WithTimeout(context.Background(), containers.CleanupTimeout)
	defer cancel()
	// Best effort: the error that led here is the one to report.
	_ = containers.Remove(ctx, r.Docker, s.ID)
	r.removeVolumes(s.fresh)
	s.Settled()
}

// newVolume is a volume that this call made.
type newVolume struct {
	name   string
	settle func() // it stays, or is gone
}

// makeVolumes makes those volumes of the plan that do not exist yet, and names
// them, also beside an error. Podman (4.3) makes a container's volumes without
// the labels that they are asked for with, so they are made before.
func (r *Runner) makeVolumes(ctx context.Context, c plan.Container) (fresh []newVolume, err error) {
	for _, v := range c.Volumes {
		_, err := r.Docker.VolumeInspect(ctx, v.Name)
		switch {
		case err == nil:
			continue
		case !errdefs.IsNotFound(err):
			return fresh, err
		}
		fresh = append(fresh, newVolume{v.Name, r.Unfinished.Add("the volume "+v.Name, "docker volume rm "+v.Name)}) // also where an interruption hides that it was made
		if _, err := r.Docker.VolumeCreate(ctx, volume.CreateOptions{
			Name: v.Name, Labels: map[string]string{plan.LabelInstance: c.Instance}}); err != nil {
			return fresh, fmt.Errorf("make the volume %s: %w", v.Name, err)
		}
	}
	return fresh, nil
}

func (r *Runner) removeVolumes(list []newVolume) {
	ctx, cancel := context.WithTimeout(context.Background(), containers.CleanupTimeout)
	defer cancel()
	for _, v := range list {
		_ = r.Docker.VolumeRemove(ctx, v.name, false) // best effort
		v.settle()
	}
}

// Stop stops a server as gently as its plan says, and removes the container.
// Its volumes stay.
func (r *Runner) Stop(ctx context.Context, s Server) error {
	defer r.Unfinished.Add("the container "+s.Name, plan.DownCommand(r.Instance))()
	if err := r.Docker.ContainerStop(ctx, s.ID, container.StopOptions{}); err != nil && !errdefs.IsNotFound(err) {
		return err
	}
	return containers.Remove(ctx, r.Docker, s.ID)
}
