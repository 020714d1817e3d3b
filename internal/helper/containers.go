package helper

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"github.com/djok/facecraft/internal/containers"
	"github.com/djok/facecraft/internal/helpercmd"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/remains"
)

// askTimeout limits the run of a helper container. Changing the owner of many
// files may take longer.
const (
	askTimeout  = 20 * time.Second
	giveTimeout = 10 * time.Minute
)

// Containers runs short-lived containers of the lite image in one daemon, for
// what can only be seen or done from there. Each is removed when its method
// returns.
type Containers struct {
	Docker client.APIClient
	// Instance that the containers belong to.
	Instance string
	// Image returns the lite image for an architecture (as GOARCH), loaded into
	// the daemon.
	Image func(ctx context.Context, arch string) (plan.Image, error)
	// Unfinished records what would be left behind if this process ended now;
	// nil records nothing.
	Unfinished *remains.List
}

// InspectMachine returns what a container sees, with GPUs if requested. A refused GPU
// request is helpercmd.ErrGPURefused.
func (h *Containers) InspectMachine(ctx context.Context, arch string,
	gpus *plan.GPURequest) (helpercmd.Machine, error) {
	var view helpercmd.Machine
	image, err := h.Image(ctx, arch)
	if err != nil {
		return view, err
	}
	err = h.ask(ctx, image, &view, &container.Config{Cmd: []string{helpercmd.InspectMachineCommand}},
		&container.HostConfig{
			SecurityOpt: []string{"no-new-privileges"},
			Resources:   container.Resources{DeviceRequests: containers.Devices(gpus)},
		})
	var odd *oddAnswer
	if err != nil && gpus != nil && ctx.Err() == nil && !errors.As(err, &odd) {
		return view, fmt.Errorf("%w: %w", helpercmd.ErrGPURefused, err)
	}
	return view, err
}

// FreeDisk returns the free space, in bytes, where the daemon stores its
// images. Only a container can see that: the daemon may run in a virtual
// machine or on another host.
func (h *Containers) FreeDisk(ctx context.Context) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	version, err := h.Docker.ServerVersion(ctx)
	if err != nil {
		return 0, err
	}
	view, err := h.InspectMachine(ctx, version.Arch, nil)
	if err == nil && view.FreeDisk == 0 {
		err = errors.New("the container could not determine it")
	}
	return view.FreeDisk, err
}

// CheckWritable checks for each of a server's directories whether its user can
// write there.
func (h *Containers) CheckWritable(ctx context.Context, c plan.Container) (places []helpercmd.Directory, err error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	return places, h.askAmongFiles(ctx, c, &places, c.User, nil,
		append([]string{helpercmd.CheckWritableCommand}, targets(c)...))
}

// ChangeOwner makes a server's user the owner of its files. Only this helper runs as
// root, with no more capabilities than it needs.
func (h *Containers) ChangeOwner(ctx context.Context, c plan.Container) error {
	ctx, cancel := context.WithTimeout(ctx, giveTimeout)
	defer cancel()
	uid, gid, _ := strings.Cut(c.User, ":")
	var answer string
	err := h.askAmongFiles(ctx, c, &answer, "0:0", []string{"CHOWN", "DAC_OVERRIDE", "FOWNER"},
		append([]string{helpercmd.ChangeOwnerCommand, uid, gid}, targets(c)...))
	if err == nil && answer != "done" {
		return &oddAnswer{[]byte(answer), errors.New("want done")}
	}
	return err
}

// targets returns the mount points of the server's files.
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

// askAmongFiles runs a helper container with the server's files mounted as in
// the server.
func (h *Containers) askAmongFiles(ctx context.Context, c plan.Container, answer any, user string, capabilities,
	command []string) error {
	version, err := h.Docker.ServerVersion(ctx)
	if err != nil {
		return err
	}
	image, err := h.Image(ctx, version.Arch)
	if err != nil {
		return fmt.Errorf("cannot run a helper container: %w", err)
	}
	return h.ask(ctx, image, answer, &container.Config{Cmd: command, User: user}, &container.HostConfig{
		Mounts:      containers.Mounts(c),
		Binds:       containers.Relabelled(c.Binds),
		GroupAdd:    c.GroupAdd,
		UsernsMode:  container.UsernsMode(c.UserNamespace),
		CapAdd:      capabilities,
		SecurityOpt: c.SecurityOpt,
	})
}

// oddAnswer is an unexpected answer from a helper container.
type oddAnswer struct {
	text  []byte
	cause error
}

func (e *oddAnswer) Error() string {
	return fmt.Sprintf("unexpected answer %s: %v", strconv.Quote(string(e.text)), e.cause)
}
func (e *oddAnswer) Unwrap() error { return e.cause }

// ask runs a command in a helper container and decodes its JSON output. It sets
// what all helper containers have in common.
func (h *Containers) ask(ctx context.Context, image plan.Image, answer any, config *container.Config,
	host *container.HostConfig) error {
	containers.RemoveStaleHelpers(ctx, h.Docker, h.Instance)
	config.Image = image.Reference
	config.Labels = containers.HelperLabels(h.Instance)
	// The image's health check is for servers.
	config.Healthcheck = &container.HealthConfig{Test: []string{"NONE"}}
	host.NetworkMode = "none" // also the fastest to set up
	host.CapDrop = []string{"ALL"}
	host.LogConfig = container.LogConfig{Type: "json-file"} // a driver whose logs can be read
	defer h.Unfinished.Add("a helper container", plan.DownCommand(h.Instance))()
	created, err := containers.Create(ctx, h.Docker, config, host, containers.Platform(image.Platform), "")
	if err != nil {
		return err
	}
	defer h.discard(created.ID)
	output, err := h.runToEnd(ctx, created.ID)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(output, answer); err != nil {
		return &oddAnswer{output, err}
	}
	return nil
}

// discard works even after an interruption. It is best effort: the answer is
// what counts, and the next call removes leftovers.
func (h *Containers) discard(id string) {
	ctx, cancel := context.WithTimeout(context.Background(), containers.CleanupTimeout)
	defer cancel()
	_ = containers.Remove(ctx, h.Docker, id)
}

// runToEnd starts a container and returns its output. It reads the log instead
// of attaching first, because Podman refuses to attach before the start.
func (h *Containers) runToEnd(ctx context.Context, id string) ([]byte, error) {
	if err := h.Docker.ContainerStart(ctx, id, container.StartOptions{}); err != nil {
		return nil, err
	}
	ended, failed := h.Docker.ContainerWait(ctx, id, container.WaitConditionNotRunning)
	select {
	case err := <-failed:
		return nil, err
	case <-ended:
	}
	var stdout, stderr bytes.Buffer
	if err := containers.Logs(ctx, h.Docker, id, &stdout, &stderr, containers.LogOptions{}); err != nil {
		return nil, err
	}
	if stdout.Len() == 0 {
		return nil, fmt.Errorf("a helper container failed: %q", strings.TrimSpace(stderr.String()))
	}
	return stdout.Bytes(), nil
}

// RemoveAll removes the helper containers left behind by killed calls.
func (h *Containers) RemoveAll(ctx context.Context) error {
	list, err := containers.Helpers(ctx, h.Docker, h.Instance)
	if err != nil {
		return err
	}
	for _, c := range list {
		if err := containers.RemoveWithVolumes(ctx, h.Docker, c.ID); err != nil {
			return err
		}
	}
	return nil
}
