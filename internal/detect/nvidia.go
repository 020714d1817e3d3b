package detect

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"

	"github.com/djok/facecraft/internal/plan"
)

// queried are the fields asked of nvidia-smi, in the order in which parseGPUs
// reads them. compute_cap does not exist before driver 510.
var queried = []string{"index", "uuid", "name", "driver_version", "memory.total", "compute_cap"}

// gpus asks nvidia-smi, which comes with the driver and is the truth about
// the GPUs of this machine.
func (p Probes) gpus(ctx context.Context) plan.Fact[[]plan.GPU] {
	if p.Daemon != nil && !p.Local {
		return plan.Unknown[[]plan.GPU]("the daemon is on another machine, and nvidia-smi sees only this one")
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	output, err := p.query(ctx, queried)
	if err != nil && strings.Contains(string(output), `Field "compute_cap" is not a valid field`) {
		output, err = p.query(ctx, queried[:len(queried)-1])
	}
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return plan.Known([]plan.GPU{}, "nvidia-smi, which comes with NVIDIA's driver, is not installed")
	case ctx.Err() != nil:
		return plan.Unknown[[]plan.GPU](fmt.Sprintf("nvidia-smi did not answer within %s", probeTimeout))
	case err != nil && strings.Contains(string(output), "No devices were found"):
		return plan.Known([]plan.GPU{}, "nvidia-smi finds no device")
	case err != nil:
		return plan.Unknown[[]plan.GPU](fmt.Sprintf("nvidia-smi: %v: %s", err, firstLine(output)))
	}
	found, err := parseGPUs(string(output))
	if err != nil {
		return plan.Unknown[[]plan.GPU](fmt.Sprintf("nvidia-smi: %v", err))
	}
	return plan.Known(found, "nvidia-smi")
}

func (p Probes) query(ctx context.Context, fields []string) ([]byte, error) {
	return p.Run(ctx, "nvidia-smi", "--query-gpu="+strings.Join(fields, ","), "--format=csv,noheader,nounits")
}

func firstLine(output []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(output)), "\n")
	return line
}

// parseGPUs reads nvidia-smi's lines. A value that the driver does not know,
// such as [N/A], is an unknown.
func parseGPUs(output string) ([]plan.GPU, error) {
	reader := csv.NewReader(strings.NewReader(output))
	reader.TrimLeadingSpace = true
	reader.LazyQuotes = true
	rows, err := reader.ReadAll()
	if err != nil {
		return nil, err
	}
	gpus := []plan.GPU{}
	for _, row := range rows {
		if len(row) < len(queried)-1 {
			return nil, fmt.Errorf("unexpected line %q", strings.Join(row, ", "))
		}
		index, err := strconv.Atoi(row[0])
		if err != nil {
			return nil, fmt.Errorf("unexpected line %q", strings.Join(row, ", "))
		}
		gpu := plan.GPU{Index: index, UUID: row[1], Name: row[2], Driver: known(row[3])}
		gpu.Memory = memory(row[4])
		gpu.ComputeCapability = plan.Unknown[string]("the driver is too old to tell")
		if len(row) > 5 {
			gpu.ComputeCapability = plan.Unknown[string]("nvidia-smi says " + row[5])
			if value := known(row[5]); value != "" {
				gpu.ComputeCapability = plan.Known(value, "nvidia-smi")
			}
		}
		gpus = append(gpus, gpu)
	}
	return gpus, nil
}

// known empties the many ways in which nvidia-smi says that it does not know:
// [N/A], N/A, [Not Supported], [Unknown Error].
func known(field string) string {
	if strings.HasPrefix(field, "[") || field == "N/A" {
		return ""
	}
	return field
}

// memory reads MiB, as nvidia-smi prints without units.
func memory(field string) plan.Fact[int64] {
	mib, err := strconv.ParseInt(field, 10, 64)
	if err != nil || mib < 0 || mib > 1<<40 {
		return plan.Unknown[int64]("nvidia-smi says " + field)
	}
	return plan.Known(mib<<20, "nvidia-smi")
}
