package trial

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"

	"github.com/djok/facecraft/internal/containers"
	"github.com/djok/facecraft/internal/observe"
	"github.com/djok/facecraft/internal/plan"
)

// server is a container of the image with the launcher's own protection, fresh
// volumes, and no published port.
type server struct {
	*Daemon
	id     string
	remove func()
	plan   plan.Container
}

// change adapts a container to one observation.
type change func(*container.Config, *container.HostConfig)

// newServer creates a container without starting it.
func (d *Daemon) newServer(ctx context.Context, c plan.Container, changes ...change) (*server, error) {
	config, host, _ := containers.Spec(c, nil, d.Version)
	d.labelled(config)
	config.ExposedPorts, host.PortBindings = nil, nil
	// Volumes without names are removed with the container.
	for i := range host.Mounts {
		if host.Mounts[i].Type == mount.TypeVolume {
			host.Mounts[i].Source = ""
		}
	}
	for _, change := range changes {
		change(config, host)
	}
	id, remove, err := d.create(ctx, config, host)
	if err != nil {
		return nil, err
	}
	return &server{d, id, remove, c}, nil
}

// labelled marks a container as a helper, so that no command mistakes it for a
// server.
func (d *Daemon) labelled(config *container.Config) {
	config.Labels = containers.HelperLabels(d.Instance)
	config.Healthcheck = &container.HealthConfig{Test: []string{"NONE"}}
}

func (s *server) start(ctx context.Context) error {
	return s.Docker.ContainerStart(ctx, s.id, container.StartOptions{})
}

// startedAt uses the daemon's clock, as helper containers do.
func (s *server) startedAt(ctx context.Context) time.Time {
	inspected, err := containers.Inspect(ctx, s.Docker, s.id)
	if err != nil || inspected.State == nil {
		return time.Time{}
	}
	at, _ := time.Parse(time.RFC3339Nano, inspected.State.StartedAt)
	return at
}

// errEnded means that the server ended while it was observed.
var errEnded = errors.New("the server ended")

// ask runs a helper container that observes the server, as its user and with its
// files.
func (s *server) ask(ctx context.Context, order observe.Order) (seen observe.Seen, err error) {
	config, host, err := s.observer(order)
	if err != nil {
		return seen, err
	}
	id, remove, err := s.create(ctx, config, host)
	if err != nil {
		return seen, err
	}
	defer remove()
	if err := s.until(ctx, id); err != nil {
		return seen, err
	}
	var out, problems bytes.Buffer
	if err := containers.Logs(ctx, s.Docker, id, &out, &problems, containers.LogOptions{}); err != nil {
		return seen, err
	}
	if err := json.Unmarshal(out.Bytes(), &seen); err != nil {
		if s.ends(ctx) {
			return seen, errEnded
		}
		return seen, fmt.Errorf("the helper said %q", strings.TrimSpace(out.String()+problems.String()))
	}
	return seen, nil
}

// observer returns the helper's container, which shares the server's network,
// processes and volumes.
func (s *server) observer(order observe.Order) (*container.Config, *container.HostConfig, error) {
	words, err := json.Marshal(order)
	if err != nil {
		return nil, nil, err
	}
	config := &container.Config{Image: s.helper.Reference, User: s.plan.User,
		Cmd: []string{observe.Command, string(words)}}
	s.labelled(config)
	host := &container.HostConfig{
		NetworkMode: container.NetworkMode("container:" + s.id), PidMode: container.PidMode("container:" + s.id),
		VolumesFrom: []string{s.id}, UsernsMode: container.UsernsMode(s.plan.UserNamespace),
		GroupAdd: s.plan.GroupAdd, CapDrop: []string{"ALL"}, SecurityOpt: []string{"no-new-privileges"},
		LogConfig: container.LogConfig{Type: "json-file"},
	}
	return config, host, nil
}

// until waits for the end of the helper, or of the server.
func (s *server) until(ctx context.Context, helper string) error {
	ended, failed := s.Docker.ContainerWait(ctx, helper, container.WaitConditionNextExit)
	if err := s.Docker.ContainerStart(ctx, helper, container.StartOptions{}); err != nil {
		if !s.running(ctx) {
			return errEnded
		}
		return err
	}
	died, _ := s.Docker.ContainerWait(ctx, s.id, container.WaitConditionNotRunning)
	select {
	case err := <-failed:
		return err
	case <-ended:
	case <-died:
		return errEnded
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

func (s *server) running(ctx context.Context) bool {
	inspected, err := containers.Inspect(ctx, s.Docker, s.id)
	return err == nil && inspected.State != nil && inspected.State.Running
}

// endGrace is how long a server may appear to be running after it exits: a helper
// that shares its processes exits with it, and the daemon may notice that first.
const endGrace = 2 * time.Second

// ends reports whether the server has exited, or is about to.
func (s *server) ends(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, endGrace)
	defer cancel()
	died, failed := s.Docker.ContainerWait(ctx, s.id, container.WaitConditionNotRunning)
	select {
	case <-died:
		return true
	case <-failed:
		return false
	}
}

// maxStop is how long a server may take to stop, in seconds: more than the check
// allows, to distinguish a slow stop from none.
const maxStop = 12

// stop stops the server as `docker stop` does.
func (s *server) stop(ctx context.Context) (after time.Duration, killed bool, err error) {
	seconds := maxStop
	begun := time.Now()
	if err := s.Docker.ContainerStop(ctx, s.id, container.StopOptions{Timeout: &seconds}); err != nil {
		return 0, false, err
	}
	after = time.Since(begun)
	return after, after >= maxStop*time.Second, nil
}
