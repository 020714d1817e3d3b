package detect

import (
	"bufio"
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

	"github.com/djok/facecraft/internal/inside"
	"github.com/djok/facecraft/internal/plan"
)

// host looks at this machine.
func (p Probes) host(ctx context.Context, h *plan.Host) {
	var wg sync.WaitGroup
	wg.Go(func() {
		h.Memory = bounded(ctx, "ghw", from("ghw", func(context.Context) (int64, error) { return p.HostMemory(p.Root) }))
	})
	wg.Go(func() {
		h.GraphicsCards = bounded(ctx, "ghw", from("ghw", func(context.Context) ([]string, error) { return p.GraphicsCards(p.Root) }))
	})
	wg.Go(func() { h.CUDA = bounded(ctx, nvidiaSMI, from(nvidiaSMI, p.cuda)) })
	if p.OS == "linux" {
		wg.Go(func() { p.linuxHost(ctx, h) })
	} else {
		const why = "this machine is no Linux"
		h.Distro = plan.Unknown[plan.Distribution](why)
		h.WSL = plan.Known(false, why)
		h.FreeMemory = plan.Unknown[int64](why)
		h.Toolkit = plan.Unknown[[]plan.Tool](why)
		h.CDISpecs = plan.Unknown[[]string](why)
	}
	wg.Wait()
}

func (p Probes) linuxHost(ctx context.Context, h *plan.Host) {
	h.Distro = bounded(ctx, osRelease, from(osRelease, p.distribution))
	h.WSL = bounded(ctx, "/proc/version", from("/proc/version", func(context.Context) (bool, error) {
		text, err := p.read("/proc/version")
		return isWSL(text), err
	}))
	h.FreeMemory = bounded(ctx, "/proc/meminfo", from("/proc/meminfo", func(context.Context) (int64, error) {
		return inside.FreeMemory(p.Root)
	}))
	h.Toolkit = bounded(ctx, "the toolkit's programs", p.toolkit)
	h.CDISpecs = p.cdiSpecs()
}

func (p Probes) read(path string) (string, error) {
	data, err := os.ReadFile(filepath.Join(p.Root, path))
	return string(data), err
}

// list names the entries of a directory.
func (p Probes) list(path string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(p.Root, path))
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names, err
}

const osRelease = "/etc/os-release"

// distribution reads os-release(5).
func (p Probes) distribution(context.Context) (plan.Distribution, error) {
	text, err := p.read(osRelease)
	if err != nil {
		return plan.Distribution{}, err
	}
	values := map[string]string{}
	scanner := bufio.NewScanner(strings.NewReader(text))
	for scanner.Scan() {
		name, value, _ := strings.Cut(scanner.Text(), "=")
		values[name] = strings.Trim(value, `"'`)
	}
	return plan.Distribution{Name: values["PRETTY_NAME"], ID: values["ID"], Like: strings.Fields(values["ID_LIKE"])}, scanner.Err()
}

// toolkitPrograms are those of NVIDIA's container toolkit. The engine needs
// the hook, the others configure it and do its work.
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

// missing tells whether a program could not be run because it is not there.
func missing(err error) bool {
	return errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist)
}

// cdiSpecs lists NVIDIA's files in the directories where engines look.
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

// HostMemory is the usable RAM, in bytes, of the machine whose files lie below
// root, by ghw.
func HostMemory(root string) (int64, error) {
	info, err := ghw.Memory(ghw.WithDisableWarnings(), ghw.WithChroot(root))
	if err != nil {
		return 0, err
	}
	return info.TotalUsableBytes, nil
}

// displayController is the PCI class of graphics cards, those without a
// screen included.
const displayController = "03"

// nvidiaVendor is NVIDIA's number on the PCI bus.
const nvidiaVendor = "10de"

// GraphicsCards names the graphics cards on the PCI bus, by ghw.
func GraphicsCards(root string) ([]string, error) {
	if !ghwKnowsPCI {
		return graphicsCardsByName()
	}
	// Without the names' file, which minimal systems lack, there are still
	// the numbers; ghw alone would fail.
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
	if db := strings.EqualFold(vendor, "unknown"); db {
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

// graphicsCardsByName is for systems on which ghw knows cards but no bus.
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

// Run runs a program and returns its standard output. Its error output goes
// into the error, never to the terminal.
func Run(ctx context.Context, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	alone(cmd)
	// A child of the program that keeps the pipe open must not outlast the
	// bound.
	cmd.WaitDelay = 100 * time.Millisecond
	output, err := cmd.Output()
	if exit, ok := err.(*exec.ExitError); ok && len(exit.Stderr) > 0 {
		err = fmt.Errorf("%w: %s", err, firstLine(exit.Stderr))
	}
	return output, err
}

// Listening tells whether a TCP port of this machine is taken: by trying to
// take it, which sees listeners on every address. A port that this user may
// not take, such as 80, is not therefore taken: the daemon may take it.
func Listening(port int) bool {
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
