// Package helpercmd has the commands that a helper container runs: they report
// and change what can only be seen or done from there. On a machine that runs
// the daemon itself, they can be used without a container.
package helpercmd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// InspectMachineCommand is the hidden command that prints a Machine as JSON.
const InspectMachineCommand = "inspect-machine"

// ErrGPURefused means that the daemon refused to start a container with a GPU
// request.
var ErrGPURefused = errors.New("the daemon refused a container that requests a GPU")

// Machine is the daemon's machine as a container sees it. Numbers are bytes;
// zero means unknown.
type Machine struct {
	Devices    []string `json:"devices"` // NVIDIA devices that are present
	FreeDisk   int64    `json:"free_disk"`
	FreeMemory int64    `json:"free_memory"`
}

// Every container with an NVIDIA GPU has at least one of these devices;
// /dev/dxg is for WSL2.
var devices = []string{"/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg"}

// InspectMachine asks the system. A container's root is on the same file system as the
// images.
func InspectMachine() Machine {
	m := Machine{Devices: []string{}}
	for _, device := range devices {
		if _, err := os.Stat(device); err == nil {
			m.Devices = append(m.Devices, device)
		}
	}
	m.FreeDisk, _ = FreeDisk("/")
	m.FreeMemory, _ = FreeMemory("/")
	return m
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
