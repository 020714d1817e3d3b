package engine

import (
	"slices"
	"strings"

	"github.com/docker/docker/api/types/system"
)

// HasContainerdStore reports whether the daemon's images are in a containerd
// store, and not in a graph driver.
// (https://docs.docker.com/engine/storage/containerd/)
func HasContainerdStore(info system.Info) bool {
	return slices.ContainsFunc(info.DriverStatus, func(status [2]string) bool {
		return status[0] == "driver-type" && strings.HasPrefix(status[1], "io.containerd.snapshotter")
	})
}
