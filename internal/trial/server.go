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

// server is a container of the image, with the launcher's own protection and
// fresh volumes. No port of it is published.
type server struct {
	*Daemon
	id     string
	remove func()
	plan   plan.Container
}

// change is what one observation needs otherwise.
type change func(*container.Config, *container.HostConfig)

// newServer makes a container that does not run yet.
func (d *Daemon) newServer(ctx context.Context, c plan.Container, changes ...change) (*server, error) {
	config, host, _ := containers.Spec(c, nil, d.Version)
	d.labelled(config)
	config.ExposedPorts, host.PortBindings = nil, nil
	// The volumes have no names, and go with the container.
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

// labelled makes a container one that no command takes for a server.
func (d *Daemon) labelled(config *container.Config) {
	config.Labels = map[string]string{plan.LabelHelper: d.Instance}
	config.Healthcheck = &container.HealthConfig{Test: []string{"NONE"}}
}

func (s *server) start(ctx context.Context) error {
	return s.Docker.ContainerStart(ctx, s.id, container.StartOptions{})
}

// startedAt is by the daemon's clock, which helpers have too.
func (s *server) startedAt(ctx context.Context) time.Time {
	inspected, err := containers.Inspect(ctx, s.Docker, s.id)
	if err != nil || inspected.State == nil {
		return time.Time{}
	}
	at, _ := time.Parse(time.RFC3339Nano, inspected.State.StartedAt)
	return at
}

// errEnded is that the server ended while it was observed.
var errEnded = errors.New("the server ended")

// ask has a helper look at the server, as its user and among its files.
func (s *server) ask(ctx context.Context, order observe.Order) (seen observe.Seen, err error) {
	image, err := s.Images.EnsureLite(ctx, s.arch)
	if err != nil {
		return seen, err
	}
	words, err := json.Marshal(order)
	if err != nil {
		return seen, err
	}
	config := &container.Config{Image: image.Reference, User: s.plan.User, Cmd: []string{observe.Command, string(words)}}
	s.labelled(config)
	host := &container.HostConfig{
		NetworkMode: "none", VolumesFrom: []string{s.id}, UsernsMode: container.UsernsMode(s.plan.UserNamespace),
		GroupAdd: s.plan.GroupAdd, CapDrop: []string{"ALL"}, SecurityOpt: []string{"no-new-privileges"},
		LogConfig: container.LogConfig{Type: "json-file"},
	}
	if len(order.Seed) == 0 {
		host.NetworkMode, host.PidMode = container.NetworkMode("container:"+s.id), container.PidMode("container:"+s.id)
	}
	id, remove, err := s.create(ctx, config, host)
	if err != nil {
		return seen, err
	}
	defer remove()
	if err := s.until(ctx, id, len(order.Seed) == 0); err != nil {
		return seen, err
	}
	var out, problems bytes.Buffer
	if err := containers.Logs(ctx, s.Docker, id, &out, &problems, containers.LogOptions{}); err != nil {
		return seen, err
	}
	if err := json.Unmarshal(out.Bytes(), &seen); err != nil {
		if len(order.Seed) == 0 && s.ends(ctx) {
			return seen, errEnded
		}
		return seen, fmt.Errorf("the helper said %q", strings.TrimSpace(out.String()+problems.String()))
	}
	return seen, nil
}

// until waits for the end of the helper, or of the server where that runs.
func (s *server) until(ctx context.Context, helper string, running bool) error {
	ended, failed := s.Docker.ContainerWait(ctx, helper, container.WaitConditionNextExit)
	if err := s.Docker.ContainerStart(ctx, helper, container.StartOptions{}); err != nil {
		if running && !s.running(ctx) {
			return errEnded
		}
		return err
	}
	var died <-chan container.WaitResponse
	if running {
		died, _ = s.Docker.ContainerWait(ctx, s.id, container.WaitConditionNotRunning)
	}
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

// endGrace is how long a server may seem to run after its end: a helper that
// shares its processes ends with it, and the daemon may see that first.
const endGrace = 2 * time.Second

// ends tells whether the server has ended, or is just about to.
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

// maxStop is how long a server is given to end, in seconds: more than the
// check allows, so that a slow end is told from none.
const maxStop = 12

// stop ends the server as Docker does.
func (s *server) stop(ctx context.Context) (after time.Duration, killed bool, err error) {
	seconds := maxStop
	begun := time.Now()
	if err := s.Docker.ContainerStop(ctx, s.id, container.StopOptions{Timeout: &seconds}); err != nil {
		return 0, false, err
	}
	after = time.Since(begun)
	return after, after >= maxStop*time.Second, nil
}
