package detect

import (
	"path"
	"regexp"
	"slices"

	"github.com/docker/docker/api/types/system"

	"github.com/djok/facecraft/internal/engine"
)

// imageDir is where images are stored. With the containerd image store that is
// containerd's directory: the system's containerd, or one that the daemon
// started, which keeps its files in the daemon's.
// (docs.docker.com/engine/storage/containerd; moby, daemon/command, initContainerd)
func (p Probes) imageDir(info system.Info) string {
	if !engine.HasContainerdStore(info) {
		return info.DockerRootDir
	}
	if info.Containerd != nil && !slices.Contains(systemContainerd, info.Containerd.Address) {
		return path.Join(info.DockerRootDir, "containerd", "daemon")
	}
	if p.onThisMachine(info) {
		if text, err := p.read("/etc/containerd/config.toml"); err == nil {
			if root := containerdRoot.FindStringSubmatch(text); root != nil {
				return root[1]
			}
		}
	}
	return "/var/lib/containerd"
}

// systemContainerd are the sockets of the system's containerd.
var systemContainerd = []string{"", "/run/containerd/containerd.sock", "/var/run/containerd/containerd.sock"}

// containerdRoot matches the directory in containerd's configuration.
var containerdRoot = regexp.MustCompile(`(?m)^root\s*=\s*["']([^"']+)["']`)
