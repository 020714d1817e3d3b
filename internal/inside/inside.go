// Package inside looks around where it runs: in a container, at what cannot
// be seen of the daemon's world from outside. The same words serve this
// machine where that is the daemon's world.
package inside

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Command is the hidden command of this program that prints a View as JSON.
const Command = "look-inside"

// ErrRefused is that the daemon would not start a container with a GPU
// request.
var ErrRefused = errors.New("the daemon refused a container that asks for a GPU")

// View is what a container sees. Numbers are bytes; zero is unknown.
type View struct {
	Devices    []string `json:"devices"` // of NVIDIA's, those that are there
	FreeDisk   int64    `json:"free_disk"`
	FreeMemory int64    `json:"free_memory"`
}

// devices are those of which at least one is in every container that has an
// NVIDIA GPU; /dev/dxg is WSL2's.
var devices = []string{"/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg"}

// Look gathers the View. A container's root lies on the same file system as
// the images.
func Look() View {
	view := View{Devices: []string{}}
	for _, device := range devices {
		if _, err := os.Stat(device); err == nil {
			view.Devices = append(view.Devices, device)
		}
	}
	view.FreeDisk, _ = FreeDisk("/")
	view.FreeMemory, _ = FreeMemory("/")
	return view
}

// FreeMemory is what new programs can get without swapping, in bytes, by the
// /proc below root. The kernel does not hide the machine's from containers.
func FreeMemory(root string) (int64, error) {
	text, err := os.ReadFile(filepath.Join(root, "proc/meminfo"))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "MemAvailable:" && fields[2] == "kB" {
			kib, err := strconv.ParseInt(fields[1], 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("no MemAvailable in %s", filepath.Join(root, "proc/meminfo"))
}
