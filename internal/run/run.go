// Package run carries out a Plan: containers, readiness, logs, removal. It
// decides nothing; labels in the daemon are its only state.
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

// longStart: servers that usually take at least this long to become ready are
// started before the check that they can write.
const longStart = 5 * time.Second

// startGrace is how long a created container may remain unstarted before it
// counts as left behind.
const startGrace = 10 * time.Second

// Runner manages the servers of one daemon.
type Runner struct {
	Docker client.APIClient
	// Instance limits what the runner sees, like plan.Container.Instance.
	Instance string
	Version  string // of this program, for the labels
	// Remote means that the daemon publishes ports on another machine.
	Remote  bool
	Helpers *helper.Containers
	// Report receives progress events.
	Report func(progress.Event)
	// ConfirmOwnerChange is nil if --fix-permissions was not given.
	ConfirmOwnerChange Confirm
	// Unfinished records what would be left behind if this process ended now;
	// nil records nothing.
	Unfinished *remains.List
}

// Server is a container of this program, as the daemon currently describes it.
type Server struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Variant string `json:"variant"`
	Image   string `json:"image"`
	Digest  string `json:"digest,omitempty"` // digest that the image was pulled by
	ImageID string `json:"image_id"`         // digest of the running image, even if the tag has moved
	State   string `json:"state"`            // as in docker ps: running, exited, created …
	Status  string `json:"status"`
	URL     string `json:"url,omitempty"`    // empty unless it is running
	Port    int    `json:"port,omitempty"`   // on the host
	Listen  string `json:"listen,omitempty"` // the address of the host
	Plan    string `json:"plan"`             // plan.Container.Hash
	GPUs    string `json:"gpus,omitempty"`   // plan.GPURequest.String
	// Replica numbers the servers of an instance with several, starting at 1.
	Replica int       `json:"replica,omitempty"`
	Role    string    `json:"role,omitempty"` // as plan.Container.Role
	Created time.Time `json:"created"`
	// Abandoned is a gateway whose servers have all ended.
	Abandoned bool `json:"-"`
	// Behind is the name of the gateway in front of a server.
	Behind string `json:"behind,omitempty"`
	// Unmanaged servers were started by Compose or by hand.
	Unmanaged bool `json:"other,omitempty"`

	// fresh are the volumes that were created for this container.
	fresh []newVolume
	// settle removes the container and volumes from Unfinished.
	settle func()
}

// Settled records that a server that was just started will be kept.
func (s Server) Settled() {
	if s.settle != nil {
		s.settle()
	}
}

// Running reports whether the container is running.
func (s Server) Running() bool { return s.State == "running" }

// Paused reports whether the container is paused.
func (s Server) Paused() bool { return s.State == "paused" }

// Died reports whether the container ran and has exited.
func (s Server) Died() bool {
	switch s.State {
	case "exited", "dead", "restarting", "stopped": // "stopped" is Podman's, for one that just exited
		return true
	}
	return false
}

// List returns this program's containers: running ones first, a gateway before
// its servers, then by replica, then newest first.
func (r *Runner) List(ctx context.Context) ([]Server, error) {
	list, err := r.Docker.ContainerList(ctx, container.ListOptions{
		All:     true,
		Filters: filters.NewArgs(filters.Arg("label", plan.LabelInstance+"="+r.Instance)),
	})
	if err != nil {
		return nil, err
	}
	var running, others []Server // the daemon lists newest first
	for _, c := range list {
		if s := r.fromSummary(ctx, c); s.Running() {
			running = append(running, s)
		} else {
			others = append(others, s)
		}
	}
	for _, list := range [][]Server{running, others} {
		slices.SortStableFunc(list, func(a, b Server) int { return a.rank() - b.rank() })
	}
	return behindGateway(append(running, others...)), nil
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
		Role:    c.Labels[plan.LabelRole],
		State:   c.State,
		Status:  c.Status,
		Created: time.Unix(c.Created, 0),
	}
	if c.Image == c.ImageID { // the reference now means a different image
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
			continue // Podman also lists ports of stopped containers
		}
		// A port published on all addresses is listed for IPv6 and for IPv4;
		// prefer IPv4, which more programs can reach.
		if s.URL == "" || ip.To4() != nil {
			s.Port, s.Listen = int(port.PublicPort), port.IP
			s.URL = plan.Publish{Address: port.IP, Port: s.Port, TLS: c.Labels[plan.LabelTLS] != ""}.URL()
		}
	}
	return s
}

// Start creates and starts a container. usual is how long its server takes to
// become ready on an ordinary machine. If another call has created the
// container in the meantime, Start returns that one, and created is false.
// After a failure or an interruption nothing is left behind.
func (r *Runner) Start(ctx context.Context, c plan.Container, usual time.Duration,
	secrets map[string]string) (server Server, created bool, err error) {
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
	if err = r.putKeys(ctx, c, id, secrets); err == nil {
		err = r.startProven(ctx, c, usual, id)
	}
	if err != nil {
		if other == nil { // another call's container is not ours to remove
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
	return Server{ID: id, Name: c.Name, Replica: c.Replica, Role: c.Role, Variant: c.Variant, Image: c.Image.Reference,
		Digest: c.Image.Digest, State: "running",
		URL: c.Publish.URL(), Port: c.Publish.Port, Listen: c.Publish.Address, Plan: c.Hash(), Created: time.Now(),
		fresh: fresh, settle: settled}, other == nil, nil
}

// startProven starts a container and checks that its user can write to its
// files: before the start, or in parallel if the server takes long to load and
// no files need fixing.
func (r *Runner) startProven(ctx context.Context, c plan.Container, usual time.Duration, id string) error {
	var proving errgroup.Group
	if c.Role == "" { // a gateway has no files to write
		proving.Go(func() error { return r.proveWritable(ctx, c, r.ConfirmOwnerChange) })
	}
	if r.ConfirmOwnerChange != nil || usual < longStart {
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

// start starts a container. Doing so twice is safe: the daemon ignores the
// second start. A container that another call is creating is listed shortly
// before it can be started. (moby 20.10, daemon/create.go: setHostConfig before
// Register)
func (r *Runner) start(ctx context.Context, id string) error {
	return containers.RetryBriefly(ctx, func() error {
		return r.Docker.ContainerStart(ctx, id, container.StartOptions{})
	}, func(err error) bool { return !errdefs.IsNotFound(err) })
}

// create creates the container. If a parallel call was faster, it returns that
// call's container as other: it is running, or has the same plan and was not
// started, because that call was killed. A name can be in use before its
// container is listed, so its holder may not be visible yet.
func (r *Runner) create(ctx context.Context, c plan.Container, secrets map[string]string) (id string,
	other *Server, err error) {
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
			return "", nil, fault.Wrap(fault.Failed, err, "run facecraft down, then facecraft up again",
				"the container %s is neither running nor stopped", c.Name)
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
				return "", nil, fault.New(fault.Failed,
					"use it as it is, or replace it: facecraft up --recreate with the same flags",
					"another server was started in the meantime at %s", s.URL)
			}
		}
		select {
		case <-ctx.Done():
			return "", nil, ctx.Err()
		case <-time.After(pollInterval):
		}
	}
}

// RemoveDead removes the instance's dead containers to make room for new ones.
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
	if len(servers) > 0 && servers[0].Abandoned {
		return r.RemoveNetworks(ctx)
	}
	return nil
}

// ended reports whether the container has stopped for good, or is of no more use.
// One that was just created may be about to be started by another call.
func (s Server) ended() bool {
	return s.Died() || s.Abandoned || s.State == "created" && time.Since(s.Created) > startGrace
}

// nameTaken reports whether a container could not be created because its name
// is in use. Podman (4.3) reports that without Docker's status code.
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
		return fault.Wrap(fault.Failed, err, "use one of this machine's addresses: ip address lists them",
			"this machine has no address %s to listen on", c.Publish.Address)
	}
	return refusal(doing, err)
}

// refusal explains a daemon's error that does not depend on the plan.
func refusal(doing string, err error) error {
	if known := recognise(err.Error(), refusals); known != nil {
		return fault.Wrap(fault.Unrunnable, err, known.remedy, "%s", known.what)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// Discard removes a server that should not be kept, and the volumes that were
// created for it. It works even after an interruption.
func (r *Runner) Discard(s Server) {
	ctx, cancel := context.WithTimeout(context.Background(), containers.CleanupTimeout)
	defer cancel()
	// Best effort: the error that led here is the one to report.
	_ = containers.Remove(ctx, r.Docker, s.ID)
	r.removeVolumes(s.fresh)
	s.Settled()
}

// newVolume is a volume that this call created.
type newVolume struct {
	name   string
	settle func() // call when it is kept or removed
}

// makeVolumes creates the plan's missing volumes and returns them, even
// together with an error. Podman (4.3) ignores the labels of volumes created
// along with a container, so they are created first.
func (r *Runner) makeVolumes(ctx context.Context, c plan.Container) (fresh []newVolume, err error) {
	for _, v := range c.Volumes {
		_, err := r.Docker.VolumeInspect(ctx, v.Name)
		switch {
		case err == nil:
			continue
		case !errdefs.IsNotFound(err):
			return fresh, err
		}
		// even if an interruption hides that it was created
		fresh = append(fresh, newVolume{v.Name, r.Unfinished.Add("the volume "+v.Name, "docker volume rm "+v.Name)})
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

// Stop stops a server gracefully, as its plan says, and removes the container.
// Its volumes are kept.
func (r *Runner) Stop(ctx context.Context, s Server) error {
	defer r.Unfinished.Add("the container "+s.Name, plan.DownCommand(r.Instance))()
	if err := r.Docker.ContainerStop(ctx, s.ID, container.StopOptions{}); err != nil && !errdefs.IsNotFound(err) {
		return err
	}
	return containers.Remove(ctx, r.Docker, s.ID)
}
