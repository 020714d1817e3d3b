// Package inside is what runs in a helper container: it reports what can only
// be seen from there. On a machine that runs the daemon itself, it can be used
// without a container.
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

// ErrRefused means that the daemon refused to start a container with a GPU
// request.
var ErrRefused = errors.New("the daemon refused a container that requests a GPU")

// View is what a container sees. Numbers are bytes; zero means unknown.
type View struct {
	Devices    []string `json:"devices"` // NVIDIA devices that are present
	FreeDisk   int64    `json:"free_disk"`
	FreeMemory int64    `json:"free_memory"`
}

// Every container with an NVIDIA GPU has at least one of these devices;
// /dev/dxg is for WSL2.
var devices = []string{"/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg"}

// Look gathers the View. A container's root is on the same file system as the
// images.
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

// FreeMemory is the memory in bytes that new programs can get without swapping,
// read from /proc below root. Containers see the whole machine's value.
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
