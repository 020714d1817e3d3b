package detect

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jaypipes/ghw"
	"github.com/jaypipes/pcidb"

	"github.com/djok/facecraft/internal/helpercmd"
	"github.com/djok/facecraft/internal/plan"
)

// host detects this machine.
func (p Probes) host(ctx context.Context, h *plan.Host) {
	var wg sync.WaitGroup
	wg.Go(func() {
		h.Memory = bounded(ctx, "ghw", from("ghw", func(context.Context) (int64, error) { return p.HostMemory(p.Root) }))
	})
	wg.Go(func() {
		h.GraphicsCards = bounded(ctx, "ghw", from("ghw", func(context.Context) ([]string, error) {
			return p.GraphicsCards(p.Root)
		}))
	})
	wg.Go(func() { h.CUDA = bounded(ctx, nvidiaSMI, from(nvidiaSMI, p.cuda)) })
	if p.OS == "linux" {
		wg.Go(func() { p.linuxHost(ctx, h) })
	} else {
		const why = "this machine does not run Linux"
		h.Distro = plan.Unknown[plan.Distribution](why)
		h.WSL = plan.Known(false, why)
		h.FreeMemory = plan.Unknown[int64](why)
		h.Toolkit = plan.Unknown[[]plan.Tool](why)
		h.CDISpecs = plan.Unknown[[]string](why)
	}
	wg.Wait()
}

func (p Probes) linuxHost(ctx context.Context, h *plan.Host) {
	h.Distro = bounded(ctx, osRelease, func(context.Context) plan.Fact[plan.Distribution] { return Distribution(p.Root) })
	h.WSL = bounded(ctx, "/proc/version", from("/proc/version", func(context.Context) (bool, error) {
		text, err := p.read("/proc/version")
		return isWSL(text), err
	}))
	h.FreeMemory = bounded(ctx, "/proc/meminfo", from("/proc/meminfo", func(context.Context) (int64, error) {
		return helpercmd.FreeMemory(p.Root)
	}))
	h.Toolkit = bounded(ctx, "the toolkit's programs", p.toolkit)
	h.CDISpecs = p.cdiSpecs()
}

func (p Probes) read(path string) (string, error) {
	data, err := os.ReadFile(filepath.Join(p.Root, path))
	return string(data), err
}

// list returns the names in a directory.
func (p Probes) list(path string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(p.Root, path))
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names, err
}

const osRelease = "/etc/os-release"

// Distribution reads the os-release(5) below root.
func Distribution(root string) plan.Fact[plan.Distribution] {
	text, err := os.ReadFile(filepath.Join(root, osRelease))
	if err != nil {
		return plan.Unknown[plan.Distribution](err.Error())
	}
	values := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		values[name] = strings.Trim(value, `"'`)
	}
	return plan.Known(plan.Distribution{Name: values["PRETTY_NAME"], ID: values["ID"],
		Like: strings.Fields(values["ID_LIKE"])}, osRelease)
}

// toolkitPrograms are the programs of the NVIDIA container toolkit. Docker
// needs the hook; the others configure it and do the work.
var toolkitPrograms = []string{"nvidia-container-runtime-hook", "nvidia-container-cli", "nvidia-ctk"}

var versionNumber = regexp.MustCompile(`\d+\.\d+\.\d+[^\s,]*`)

// toolkit asks each of the toolkit's programs for its version.
func (p Probes) toolkit(ctx context.Context) plan.Fact[[]plan.Tool] {
	found := make([]*plan.Tool, len(toolkitPrograms))
	var wg sync.WaitGroup
	for i, name := range toolkitPrograms {
		wg.Go(func() {
			output, err := p.Run(ctx, name, "--version")
			if !missing(err) {
				found[i] = &plan.Tool{Name: name, Version: versionNumber.FindString(string(output))}
			}
		})
	}
	wg.Wait()
	tools := []plan.Tool{}
	for _, tool := range found {
		if tool != nil {
			tools = append(tools, *tool)
		}
	}
	return plan.Known(tools, "the programs on this machine's path")
}

// missing reports whether a program could not be run because it does not exist.
func missing(err error) bool {
	return errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist)
}

// cdiSpecs lists NVIDIA's files in the directories that container runtimes
// read.
func (p Probes) cdiSpecs() plan.Fact[[]string] {
	specs := []string{}
	for _, dir := range []string{"/etc/cdi", "/var/run/cdi"} {
		names, err := p.list(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return plan.Unknown[[]string](err.Error())
		}
		for _, name := range names {
			if strings.Contains(name, "nvidia") {
				specs = append(specs, dir+"/"+name)
			}
		}
	}
	return plan.Known(specs, "/etc/cdi and /var/run/cdi")
}

// HostMemory is the usable RAM, in bytes, of the machine whose file system is
// at root, according to ghw.
func HostMemory(root string) (int64, error) {
	info, err := ghw.Memory(ghw.WithDisableWarnings(), ghw.WithChroot(root))
	if err != nil {
		return 0, err
	}
	return info.TotalUsableBytes, nil
}

// displayController is the PCI class of graphics cards, including those without
// a display output.
const displayController = "03"

// nvidiaVendor is NVIDIA's PCI vendor ID.
const nvidiaVendor = "10de"

// GraphicsCards returns the names of the graphics cards on the PCI bus,
// according to ghw.
func GraphicsCards(root string) ([]string, error) {
	if !ghwKnowsPCI {
		return graphicsCardsByName()
	}
	// Without the pci.ids file, which minimal systems lack, the IDs are still
	// known; ghw alone would fail.
	db, err := pcidb.New(pcidb.WithChroot(root))
	if err != nil {
		db = &pcidb.PCIDB{}
	}
	bus, err := ghw.PCI(ghw.WithDisableWarnings(), ghw.WithDisableTopology(), ghw.WithChroot(root), ghw.WithPCIDB(db))
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, device := range bus.Devices {
		if device.Class.ID == displayController {
			names = append(names, cardName(device))
		}
	}
	return names, nil
}

func cardName(device *ghw.PCIDevice) string {
	vendor, product := device.Vendor.Name, device.Product.Name
	if strings.EqualFold(vendor, "unknown") {
		vendor = "vendor " + device.Vendor.ID
		if device.Vendor.ID == nvidiaVendor {
			vendor = "NVIDIA"
		}
	}
	if strings.EqualFold(product, "unknown") {
		product = "device " + device.Product.ID
	}
	return vendor + " " + product
}

// graphicsCardsByName is for systems where ghw knows the cards but not the bus.
func graphicsCardsByName() ([]string, error) {
	info, err := ghw.GPU(ghw.WithDisableWarnings())
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, card := range info.GraphicsCards {
		if device := card.DeviceInfo; device != nil && device.Vendor != nil && device.Product != nil {
			names = append(names, device.Vendor.Name+" "+device.Product.Name)
		}
	}
	return names, nil
}

// Run runs a program and returns its standard output. Its standard error goes
// into the error, never to the terminal.
func Run(ctx context.Context, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	alone(cmd)
	// A child that keeps the pipe open must not outlast the time limit.
	cmd.WaitDelay = 100 * time.Millisecond
	output, err := cmd.Output()
	if exit, ok := err.(*exec.ExitError); ok && len(exit.Stderr) > 0 {
		err = fmt.Errorf("%w: %s", err, firstLine(exit.Stderr))
	}
	return output, err
}

// Listening reports whether a TCP port of this machine is in use, by trying to
// listen on it, which detects listeners on every address. A port that this user
// may not use, such as 80, is not considered in use: the daemon may use it.
//
// A program that another probe starts at the same time holds a copy of the test
// listener until its exec, so a port counts as in use only if it stays in use.
func Listening(port int) bool {
	for range listenTrials {
		if !taken(port) {
			return false
		}
		time.Sleep(listenPause)
	}
	return true
}

// A forked child takes a few milliseconds to exec, more on a busy machine.
const (
	listenTrials = 4
	listenPause  = 15 * time.Millisecond
)

func taken(port int) bool {
	for _, address := range []string{"127.0.0.1", ""} {
		listener, err := net.Listen("tcp4", net.JoinHostPort(address, strconv.Itoa(port)))
		switch {
		case err == nil:
			listener.Close()
		case !errors.Is(err, fs.ErrPermission):
			return true
		}
	}
	return false
}
