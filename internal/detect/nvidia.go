package detect

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/djok/facecraft/internal/plan"
)

const nvidiaSMI = "nvidia-smi"

// wslSMI is its path on WSL, where only login shells have it on their PATH.
const wslSMI = "/usr/lib/wsl/lib/nvidia-smi"

// queried are the fields to query from nvidia-smi. compute_cap does not exist
// before driver 510.
var queried = []string{"index", "uuid", "name", "driver_version", "memory.total", "memory.free", "compute_cap",
	"mig.mode.current"}

// gpus asks nvidia-smi, which comes with the driver and is the authority on
// this machine's GPUs.
func (p Probes) gpus(ctx context.Context) plan.Fact[[]plan.GPU] {
	switch {
	case p.Daemon != nil && !p.Local:
		return plan.Unknown[[]plan.GPU]("the daemon is on another machine, and nvidia-smi sees only this one")
	case p.OS == "darwin":
		return plan.Known([]plan.GPU{}, "macOS has no driver for NVIDIA GPUs")
	}
	return bounded(ctx, nvidiaSMI, p.askGPUs)
}

func (p Probes) askGPUs(ctx context.Context) plan.Fact[[]plan.GPU] {
	fields, output, err := p.query(ctx)
	switch {
	case missing(err):
		return plan.Known([]plan.GPU{}, "nvidia-smi, which comes with NVIDIA's driver, is not installed")
	case err != nil && strings.Contains(string(output), "No devices were found"):
		return plan.Known([]plan.GPU{}, "nvidia-smi found no device")
	case err != nil:
		return plan.Unknown[[]plan.GPU](strings.TrimSuffix(fmt.Sprintf("nvidia-smi: %v: %s", err, firstLine(output)), ": "))
	}
	found, err := parseGPUs(fields, string(output))
	if err != nil {
		return plan.Unknown[[]plan.GPU](fmt.Sprintf("nvidia-smi: %v", err))
	}
	if slices.ContainsFunc(found, func(gpu plan.GPU) bool { return gpu.MIG.Value }) {
		p.addSlices(ctx, found)
	}
	return plan.Known(found, nvidiaSMI)
}

// smi runs nvidia-smi from wherever it is installed.
func (p Probes) smi(ctx context.Context, args ...string) ([]byte, error) {
	output, err := p.Run(ctx, nvidiaSMI, args...)
	if missing(err) && p.OS == "linux" {
		output, err = p.Run(ctx, wslSMI, args...)
	}
	return output, err
}

var invalidField = regexp.MustCompile(`Field "([^"]+)" is not a valid field`)

// query asks for all fields that the driver supports, and returns their names.
func (p Probes) query(ctx context.Context) (fields []string, output []byte, err error) {
	fields = slices.Clone(queried)
	for {
		output, err = p.smi(ctx, "--query-gpu="+strings.Join(fields, ","), "--format=csv,noheader,nounits")
		match := invalidField.FindSubmatch(output)
		if err == nil || match == nil {
			return fields, output, err
		}
		i := slices.Index(fields, string(match[1]))
		if i < 0 {
			return fields, output, err
		}
		fields = slices.Delete(fields, i, i+1)
	}
}

func firstLine(output []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(output)), "\n")
	return strings.TrimSpace(line)
}

// parseGPUs parses nvidia-smi's output. A value that the driver does not
// report, such as [N/A], is an unknown.
func parseGPUs(fields []string, output string) ([]plan.GPU, error) {
	reader := csv.NewReader(strings.NewReader(output))
	reader.TrimLeadingSpace = true
	reader.LazyQuotes = true
	reader.FieldsPerRecord = len(fields)
	rows, err := reader.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("unexpected answer: %w", err)
	}
	gpus := []plan.GPU{}
	for _, row := range rows {
		value := func(field string) string {
			if i := slices.Index(fields, field); i >= 0 {
				return strings.TrimSpace(row[i])
			}
			return ""
		}
		index, err := strconv.Atoi(value("index"))
		if err != nil || index < 0 {
			return nil, fmt.Errorf("unexpected line %q", strings.Join(row, ", "))
		}
		gpu := plan.GPU{Index: index, UUID: orEmpty(value("uuid")), Name: value("name"),
			Driver: orEmpty(value("driver_version")),
			Memory: memory(value("memory.total")), FreeMemory: memory(value("memory.free")),
			ComputeCapability: told(value("compute_cap")),
			Slices:            plan.Unknown[[]plan.Slice]("MIG is not enabled")}
		mode := told(value("mig.mode.current"))
		gpu.MIG = plan.Fact[bool]{Value: mode.Value == "Enabled", Known: mode.Known, Evidence: mode.Evidence}
		gpus = append(gpus, gpu)
	}
	return gpus, nil
}

// orEmpty returns a field, or "" for the ways nvidia-smi says that it does not
// know: [N/A], N/A, [Not Supported], [Unknown Error].
func orEmpty(field string) string {
	if strings.HasPrefix(field, "[") || field == "N/A" {
		return ""
	}
	return field
}

// told turns a field into a fact; a field that was not queried is empty.
func told(field string) plan.Fact[string] {
	switch {
	case field == "":
		return plan.Unknown[string]("the driver is too old to report it")
	case orEmpty(field) == "":
		return plan.Unknown[string]("nvidia-smi says " + field)
	}
	return plan.Known(field, nvidiaSMI)
}

// memory parses MiB, which nvidia-smi prints without a unit.
func memory(field string) plan.Fact[int64] {
	mib, err := strconv.ParseInt(field, 10, 64)
	if err != nil || mib < 0 || mib > 1<<40 {
		return plan.Unknown[int64]("nvidia-smi says " + field)
	}
	return plan.Known(mib<<20, nvidiaSMI)
}

// addSlices queries the MIG devices of GPUs with MIG enabled.
func (p Probes) addSlices(ctx context.Context, gpus []plan.GPU) {
	output, err := p.smi(ctx, "-L")
	slicesOf := parseSlices(string(output))
	for i := range gpus {
		switch gpu := &gpus[i]; {
		case !gpu.MIG.Value:
		case err != nil:
			gpu.Slices = plan.Unknown[[]plan.Slice](fmt.Sprintf("nvidia-smi -L: %v", err))
		default:
			gpu.Slices = plan.Known(slicesOf[gpu.Index], "nvidia-smi -L")
		}
	}
}

var (
	gpuLine   = regexp.MustCompile(`^GPU (\d+):`)
	sliceLine = regexp.MustCompile(`^\s+MIG (\S+)\s+Device\s+\d+:\s+\(UUID: (MIG-[^)]+)\)`)
	sliceSize = regexp.MustCompile(`\.(\d+)gb`)
)

// parseSlices parses nvidia-smi -L, by GPU index.
func parseSlices(output string) map[int][]plan.Slice {
	list := map[int][]plan.Slice{}
	index := -1
	for line := range strings.Lines(output) {
		if match := gpuLine.FindStringSubmatch(line); match != nil {
			index, _ = strconv.Atoi(match[1])
			list[index] = []plan.Slice{}
		}
		match := sliceLine.FindStringSubmatch(line)
		if match == nil {
			continue
		}
		slice := plan.Slice{UUID: match[2], Profile: match[1]}
		if size := sliceSize.FindStringSubmatch(match[1]); size != nil {
			gib, _ := strconv.ParseInt(size[1], 10, 32)
			slice.Memory = gib << 30
		}
		list[index] = append(list[index], slice)
	}
	return list
}

// cudaVersion is in the header of the full output; the newest drivers print
// two, of which the user-mode driver's counts.
var cudaVersion = regexp.MustCompile(`CUDA (?:UMD )?Version\s*:\s*(\d+\.\d+)`)

// cuda returns the newest CUDA version that the driver supports.
func (p Probes) cuda(ctx context.Context) (string, error) {
	output, err := p.smi(ctx, "-q", "-d", "MEMORY")
	if err != nil {
		return "", err
	}
	match := cudaVersion.FindSubmatch(output)
	if match == nil {
		return "", errors.New("the driver is too old to report it")
	}
	return string(match[1]), nil
}
