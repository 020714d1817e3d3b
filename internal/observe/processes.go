package observe

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Process is one of the server's processes.
type Process struct {
	Command string // the program's name as it was started
	Private int64  // bytes of memory that no other process shares
	Total   int64  // bytes, with its share of shared memory (PSS)
}

// memory lists the server's processes. This helper's own process is excluded.
func (w *watcher) memory() {
	if w.order.Memory {
		w.seen.Processes = processes("/proc", os.Getpid())
	}
}

// processes reads all processes but one from a proc file system. Unreadable ones
// are missing.
func processes(proc string, except int) (list []Process) {
	entries, _ := os.ReadDir(proc)
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || pid == except {
			continue
		}
		sizes, err := os.ReadFile(filepath.Join(proc, entry.Name(), "smaps_rollup"))
		if err != nil {
			continue
		}
		line, _ := os.ReadFile(filepath.Join(proc, entry.Name(), "cmdline"))
		name, _, _ := strings.Cut(string(line), "\x00")
		p := Process{Command: name}
		p.Private, p.Total = rollup(string(sizes))
		list = append(list, p)
	}
	slices.SortStableFunc(list, func(a, b Process) int { return cmp.Compare(b.Private, a.Private) })
	return list
}

// rollup reads smaps_rollup, whose sizes are in kB of 1024 bytes. (proc(5))
func rollup(text string) (private, total int64) {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) != 3 || fields[2] != "kB" {
			continue
		}
		n, _ := strconv.ParseInt(fields[1], 10, 64)
		switch fields[0] {
		case "Private_Clean:", "Private_Dirty:":
			private += n << 10
		case "Pss:":
			total = n << 10
		}
	}
	return private, total
}
