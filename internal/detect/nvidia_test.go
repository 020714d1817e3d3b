package detect

import (
	"context"
	"os/exec"
	"strings"
	"testing"

	"github.com/docker/docker/api/types"

	"github.com/djok/facecraft/internal/plan"
)

// FuzzParseGPUs: no output of nvidia-smi panics, and known values make sense.
func FuzzParseGPUs(f *testing.F) {
	for _, seed := range []string{
		"0, GPU-1, NVIDIA GeForce RTX 4090, 535.161.08, 24564, 23900, 8.9, [N/A]\n",
		"0, GPU-1, NVIDIA GB10, 580.95.05, [N/A], [N/A], 12.1, [N/A]\n",
		"0, [Unknown Error], \"A, B\", N/A, [Not Supported], , , Enabled\r\n1, , , , , , , \n",
		"-1, x, x, x, -5, 99999999999999999999, x, x",
		"No devices were found\n", "\"", ",,,,,,,", "\x00\xff",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, output string) {
		found, err := parseGPUs(queried, output)
		if err != nil {
			return
		}
		if lines := strings.Count(output, "\n") + strings.Count(output, "\r") + 1; len(found) > lines {
			t.Errorf("%d GPUs in %d lines", len(found), lines)
		}
		for _, gpu := range found {
			if gpu.Index < 0 || gpu.Memory.Value < 0 || gpu.FreeMemory.Value < 0 {
				t.Errorf("negative number in %+v", gpu)
			}
			if gpu.MIG.Value && !gpu.MIG.Known || strings.HasPrefix(gpu.ComputeCapability.Value, "[") {
				t.Errorf("unknown with a value in %+v", gpu)
			}
		}
		parseSlices(output)
	})
}

func TestCUDAVersion(t *testing.T) {
	t.Parallel()
	for output, want := range map[string]string{
		"Driver Version                            : 535.161.08\nCUDA Version                              : 12.2\n": "12.2",
		"| NVIDIA-SMI 535.161.08  Driver Version: 535.161.08  CUDA Version: 12.2 |":                                  "12.2",
		"CUDA UMD Version                          : 13.1\n":                                                         "13.1",
		"Driver Version                      : 375.82\n":                                                             "",
	} {
		got := ""
		if match := cudaVersion.FindStringSubmatch(output); match != nil {
			got = match[1]
		}
		if got != want {
			t.Errorf("%q gave %q, want %q", output, got, want)
		}
	}
}

func TestPodmanVersions(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]bool{"4.3.1": true, "5.3.2": true, "5.4.0": false, "6.0": false, "dev": false} {
		if got := podmanIgnoresGPUs(types.Version{Version: version}); got != want {
			t.Errorf("Podman %s: %t, want %t", version, got, want)
		}
	}
}

func TestUnknownsAreKept(t *testing.T) {
	t.Parallel()
	found, err := parseGPUs(queried[:5], "0, GPU-1, Tesla K80, 470.256.02, 11441\n")
	if err != nil || len(found) != 1 {
		t.Fatalf("%v, %v", found, err)
	}
	tooOld := plan.Unknown[string]("the driver is too old to report it")
	if gpu := found[0]; gpu.ComputeCapability != tooOld || gpu.FreeMemory.Known || gpu.MIG.Known {
		t.Errorf("fields that were not queried are known: %+v", gpu)
	}
}

// TestWSLPath: on WSL, nvidia-smi is not on the PATH of programs that were not
// started from a shell.
func TestWSLPath(t *testing.T) {
	t.Parallel()
	p := Probes{OS: "linux", Run: func(_ context.Context, name string, _ ...string) ([]byte, error) {
		if name != wslSMI {
			return nil, exec.ErrNotFound
		}
		return []byte("0, GPU-1, NVIDIA GeForce RTX 4070, 551.86, 12282, 11000, 8.9, [N/A]\n"), nil
	}}
	if got := p.gpus(t.Context()); len(got.Value) != 1 || got.Value[0].Driver != "551.86" {
		t.Errorf("got %+v", got)
	}
}
