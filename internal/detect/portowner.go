package detect

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// listening is the state of a listening socket in /proc/net/tcp. (proc_net_tcp
// in the kernel's documentation)
const listening = "0A"

// PortProcess returns the name and PID of the process that listens on a TCP
// port, from /proc below root. It works only on Linux, and for processes that
// this user may inspect.
func PortProcess(root string, port int) (name string, pid int, found bool) {
	sockets := listeningSockets(root, port)
	if len(sockets) == 0 {
		return "", 0, false
	}
	links, _ := filepath.Glob(filepath.Join(root, "proc/[0-9]*/fd/*"))
	for _, link := range links {
		target, err := os.Readlink(link)
		if err != nil || !sockets[target] {
			continue
		}
		process := filepath.Dir(filepath.Dir(link))
		pid, _ := strconv.Atoi(filepath.Base(process))
		name, err := os.ReadFile(filepath.Join(process, "comm"))
		if err == nil {
			return strings.TrimSpace(string(name)), pid, true
		}
	}
	return "", 0, false
}

// listeningSockets returns the sockets on a port, as linked from /proc/PID/fd.
func listeningSockets(root string, port int) map[string]bool {
	sockets := map[string]bool{}
	for _, table := range []string{"tcp", "tcp6"} {
		text, err := os.ReadFile(filepath.Join(root, "proc/net", table))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			fields := strings.Fields(line)
			if len(fields) > 9 && fields[3] == listening && strings.HasSuffix(fields[1], fmt.Sprintf(":%04X", port)) {
				sockets["socket:["+fields[9]+"]"] = true
			}
		}
	}
	return sockets
}
