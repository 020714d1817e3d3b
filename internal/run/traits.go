package run

import (
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/go-connections/nat"

	"github.com/djok/facecraft/internal/containers"
	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/plan"
)

// trait is one setting of a container, as text.
type trait struct{ what, value string }

// only returns the items that are in one list and not in the other.
func only(list, other string) string {
	const comma = ", "
	others := strings.Split(other, comma)
	own := slices.DeleteFunc(strings.Split(list, comma), func(each string) bool { return slices.Contains(others, each) })
	if text := strings.Join(own, comma); text != "" {
		return text
	}
	return "none"
}

// traitsOf describes a container as reported by the daemon. Its environment
// leaves out what the image sets.
func traitsOf(c container.InspectResponse, imageEnv []string) []trait {
	var places []string
	for _, m := range c.Mounts {
		switch m.Type {
		case mount.TypeVolume:
			places = append(places, m.Name+" at "+m.Destination)
		case mount.TypeBind:
			places = append(places, m.Source+" at "+m.Destination)
		}
	}
	var pids int64
	if c.HostConfig.PidsLimit != nil {
		pids = *c.HostConfig.PidsLimit
	}
	return traits(c.Config, c.HostConfig, places, pids, imageEnv)
}

func traitsWanted(c plan.Container, secrets map[string]string, imageEnv []string) []trait {
	config, host, _ := containers.Spec(c, secrets, "")
	var places []string
	for _, v := range c.Volumes {
		places = append(places, v.Name+" at "+v.Target)
	}
	for _, b := range c.Binds {
		places = append(places, b.Source+" at "+b.Target)
	}
	return traits(config, host, places, c.PIDsLimit, imageEnv)
}

func traits(config *container.Config, host *container.HostConfig, places []string, pids int64,
	imageEnv []string) []trait {
	return []trait{
		{"image", plan.ShortName(config.Image)},
		{"address", published(host.PortBindings)},
		{"user", config.User},
		{"groups", strings.Join(host.GroupAdd, ", ")},
		{"user namespace", string(host.UsernsMode)},
		{"files", sorted(places)},
		{"read-only", strconv.FormatBool(host.ReadonlyRootfs)},
		{"GPUs", gpuText(host.DeviceRequests)},
		{"restart policy", strings.TrimPrefix(string(host.RestartPolicy.Name), "no")},
		{"memory limit", format.Memory(host.Memory)},
		{"processes", strconv.FormatInt(pids, 10)},
		{"capabilities dropped", dropped(host.CapDrop)},
		{"security", sorted(host.SecurityOpt)},
		{"environment", sorted(addedNames(config.Env, imageEnv))},
	}
}

// published is the address of the one port that is, or "".
func published(ports nat.PortMap) string {
	for _, bindings := range ports {
		for _, b := range bindings {
			return net.JoinHostPort(b.HostIP, b.HostPort)
		}
	}
	return ""
}

// podmanEnv are the variables that Podman sets in every container.
// (podman-run(1), Environment)
var podmanEnv = []string{"container", "HOME", "HOSTNAME", "TERM"}

// addedNames returns the variables that neither the image nor Podman sets to
// the same value.
func addedNames(env, imageEnv []string) []string {
	var names []string
	for _, e := range env {
		if name, _, _ := strings.Cut(e, "="); !slices.Contains(imageEnv, e) && !slices.Contains(podmanEnv, name) {
			names = append(names, name)
		}
	}
	return names
}

// podmanCapabilities are the default capabilities of Podman's containers.
// (containers.conf(5), default_capabilities)
var podmanCapabilities = []string{"CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE",
	"SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"}

// dropped formats the dropped capabilities. If all are dropped, Podman lists
// each of them.
func dropped(list []string) string {
	for _, capability := range podmanCapabilities {
		if !slices.Contains(list, capability) {
			return sorted(list)
		}
	}
	return "ALL"
}

func gpuText(requests []container.DeviceRequest) string {
	if len(requests) == 0 {
		return ""
	}
	return plan.GPURequest{IDs: requests[0].DeviceIDs}.String()
}

func sorted(list []string) string {
	list = slices.Clone(list)
	slices.Sort(list)
	return strings.Join(list, ", ")
}
