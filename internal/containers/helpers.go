package containers

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/client"

	"github.com/djok/facecraft/internal/output"
	"github.com/djok/facecraft/internal/plan"
)

// The age from which a helper container must be left over from a killed
// facecraft, if its process cannot be asked. A running one may still be changing
// the owner of files.
const (
	staleStopped = time.Minute
	staleRunning = 10 * time.Minute
)

// HelperLabels are the labels of an instance's helper containers. They name this
// process, so that others know whether it still needs the container.
func HelperLabels(instance string) map[string]string {
	return map[string]string{plan.LabelHelper: instance, plan.LabelOwner: owner(os.Getpid())}
}

// Helpers lists an instance's helper containers.
func Helpers(ctx context.Context, docker client.APIClient, instance string) ([]container.Summary, error) {
	return docker.ContainerList(ctx, container.ListOptions{
		All:     true,
		Filters: filters.NewArgs(filters.Arg("label", plan.LabelHelper+"="+instance)),
	})
}

// RemoveStaleHelpers removes what killed calls left behind. It is best effort:
// whoever calls it next will hit and report the same problem.
func RemoveStaleHelpers(ctx context.Context, docker client.APIClient, instance string) {
	list, err := Helpers(ctx, docker, instance)
	if err != nil {
		return
	}
	for _, c := range list {
		if stale(c) {
			_ = RemoveWithVolumes(ctx, docker, c.ID)
		}
	}
}

// stale checks the container's process, if that ran on this machine, and otherwise
// the container's age.
func stale(c container.Summary) bool {
	if here, pid, ok := strings.Cut(c.Labels[plan.LabelOwner], " "); ok && here == machine() {
		if pid, err := strconv.Atoi(pid); err == nil {
			return !output.Alive(pid)
		}
	}
	old := staleStopped
	if c.State == "running" {
		old = staleRunning
	}
	return time.Since(time.Unix(c.Created, 0)) > old
}

func owner(pid int) string { return fmt.Sprintf("%s %d", machine(), pid) }

// machine identifies where process IDs are comparable: this host and, on Linux,
// this namespace.
func machine() string {
	host, _ := os.Hostname()
	namespace, _ := os.Readlink("/proc/self/ns/pid")
	return host + "/" + namespace
}
