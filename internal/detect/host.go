package detect

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os/exec"
	"strconv"
	"time"

	"github.com/jaypipes/ghw"
)

// HostMemory is the host's usable RAM in bytes, by ghw.
func HostMemory() (int64, error) {
	info, err := ghw.Memory(ghw.WithDisableWarnings())
	if err != nil {
		return 0, err
	}
	return info.TotalUsableBytes, nil
}

// GraphicsCards names the graphics cards on the PCI bus, by ghw. It fails on
// a Linux without a pci.ids file.
func GraphicsCards() ([]string, error) {
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
