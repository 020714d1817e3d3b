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
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/client"

	"github.com/djok/facecraft/internal/containers"
	"github.com/djok/facecraft/internal/inside"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/remains"
)

// askTimeout bounds a question to a helper container. Giving away many files
// may take longer.
const (
	askTimeout  = 20 * time.Second
	giveTimeout = 10 * time.Minute
)

// stale is when a helper container that does not run can only be one whose
// launcher was killed. One that runs may be giving files away for long.
const stale = time.Minute

// Containers runs short-lived containers of the lite image in one daemon, which
// see and do what nobody can from outside. Each is gone when its method returns.
type Containers struct {
	Docker client.APIClient
	// Instance whose containers they are.
	Instance string
	// Image is the lite image for an architecture (as GOARCH), in the daemon.
	Image func(ctx context.Context, arch string) (plan.Image, error)
	// Unfinished takes note of what would be left behind if this process ended
	// at once; nil takes none.
	Unfinished *remains.List
}

// Look returns what a container sees from inside, with GPUs if a request is
// given. A refused GPU request is inside.ErrRefused.
func (h *Containers) Look(ctx context.Context, arch string, gpus *plan.GPURequest) (inside.View, error) {
	var view inside.View
	image, err := h.Image(ctx, arch)
	if err != nil {
		return view, err
	}
	err = h.ask(ctx, image, &view, &container.Config{Cmd: []string{inside.Command}}, &container.HostConfig{
		SecurityOpt: []string{"no-new-privileges"},
		Resources:   container.Resources{DeviceRequests: containers.Devices(gpus)},
	})
	var odd *oddAnswer
	if err != nil && gpus != nil && ctx.Err() == nil && !errors.As(err, &odd) {
		return view, fmt.Errorf("%w: %w", inside.ErrRefused, err)
	}
	return view, err
}

// FreeDisk is how many bytes are free where the daemon keeps its images. Only
// a container can see that: the daemon may live in a virtual machine or on
// another host.
func (h *Containers) FreeDisk(ctx context.Context) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	version, err := h.Docker.ServerVersion(ctx)
	if err != nil {
		return 0, err
	}
	view, err := h.Look(ctx, version.Arch, nil)
	if err == nil && view.FreeDisk == 0 {
		err = errors.New("the container could not tell")
	}
	return view.FreeDisk, err
}

// TryToWrite tells of each of a server's places whether its user can write
// there.
func (h *Containers) TryToWrite(ctx context.Context, c plan.Container) (places []inside.Place, err error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	return places, h.askAmongFiles(ctx, c, &places, c.User, nil, append([]string{inside.WriteCommand}, targets(c)...))
}

// Give makes a server's user the owner of its files. Only this container is
// root, with no more than that takes.
func (h *Containers) Give(ctx context.Context, c plan.Container) error {
	ctx, cancel := context.WithTimeout(ctx, giveTimeout)
	defer cancel()
	uid, gid, _ := strings.Cut(c.User, ":")
	var answer string
	err := h.askAmongFiles(ctx, c, &answer, "0:0", []string{"CHOWN", "DAC_OVERRIDE", "FOWNER"},
		append([]string{inside.GiveCommand, uid, gid}, targets(c)...))
	if err == nil && answer != "done" {
		return &oddAnswer{[]byte(answer), errors.New("want done")}
	}
	return err
}

// targets are where the container has the server's files.
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

// askAmongFiles asks a container that has the server's files where the server
// has them.
func (h *Containers) askAmongFiles(ctx context.Context, c plan.Container, answer any, user string, capabilities, command []string) error {
	version, err := h.Docker.ServerVersion(ctx)
	if err != nil {
		return err
	}
	image, err := h.Image(ctx, version.Arch)
	if err != nil {
		return fmt.Errorf("nothing can look into a container: %w", err)
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

// oddAnswer is a helper container's answer that is not understood.
type oddAnswer struct {
	text  []byte
	cause error
}

func (e *oddAnswer) Error() string {
	return fmt.Sprintf("unexpected answer %s: %v", strconv.Quote(string(e.text)), e.cause)
}
func (e *oddAnswer) Unwrap() error { return e.cause }

// ask runs a command in a container, with what all helper containers have in
// common, and decodes the JSON that it writes.
func (h *Containers) ask(ctx context.Context, image plan.Image, answer any, config *container.Config, host *container.HostConfig) error {
	h.removeStale(ctx)
	config.Image = image.Reference
	config.Labels = map[string]string{plan.LabelHelper: h.Instance}
	// The image's own is that of a server.
	config.Healthcheck = &container.HealthConfig{Test: []string{"NONE"}}
	host.NetworkMode = "none" // which is also the quickest to set up
	host.CapDrop = []string{"ALL"}
	host.LogConfig = container.LogConfig{Type: "json-file"} // one that can be read
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

// discard works after an interruption too. It is best effort: the answer is
// what counts, and the next call removes what is left.
func (h *Containers) discard(id string) {
	ctx, cancel := context.WithTimeout(context.Background(), containers.CleanupTimeout)
	defer cancel()
	_ = containers.Remove(ctx, h.Docker, id)
}

// runToEnd starts a container and returns what it wrote. It reads the log
// rather than attach first, which Podman refuses before the start.
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
		return nil, fmt.Errorf("a container that looked said %q", strings.TrimSpace(stderr.String()))
	}
	return stdout.Bytes(), nil
}

// removeStale takes away what a killed launcher left.
func (h *Containers) removeStale(ctx context.Context) {
	list, err := h.list(ctx)
	if err != nil {
		return // the next step meets the same trouble and reports it
	}
	for _, c := range list {
		old := stale
		if c.State == "running" {
			old = giveTimeout
		}
		if time.Since(time.Unix(c.Created, 0)) > old {
			_ = containers.Remove(ctx, h.Docker, c.ID)
		}
	}
}

// RemoveAll takes away the helper containers that killed calls left.
func (h *Containers) RemoveAll(ctx context.Context) error {
	list, err := h.list(ctx)
	if err != nil {
		return err
	}
	for _, c := range list {
		if err := containers.Remove(ctx, h.Docker, c.ID); err != nil {
			return err
		}
	}
	return nil
}

// list are the helper containers of the instance.
func (h *Containers) list(ctx context.Context) ([]container.Summary, error) {
	return h.Docker.ContainerList(ctx, container.ListOptions{
		All:     true,
		Filters: filters.NewArgs(filters.Arg("label", plan.LabelHelper+"="+h.Instance)),
	})
}
