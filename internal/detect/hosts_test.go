package detect_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/system"

	"github.com/djok/facecraft/internal/catalogue"
	"github.com/djok/facecraft/internal/detect"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/golden"
	"github.com/djok/facecraft/internal/helpercmd"
	"github.com/djok/facecraft/internal/plan"
)

// TestHosts detects fake hosts, each a folder in testdata/hosts:
//
//	host.json     what is not in a file: the settings type below
//	root/         its files; %3A in a name stands for a colon, which Go
//	              modules do not allow
//	bin/NAME      what a program prints; smi/ has nvidia-smi's output
//	info.json     the daemon's answers; without them no daemon is reached
//	version.json
//	facts.json    the expected facts
//	plan.txt      the expected plan or error for the host's request
//
// go test ./internal/detect -update writes the last two.
func TestHosts(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("needs Linux: ghw reads the fake hosts' files only there")
	}
	dirs, err := filepath.Glob("testdata/hosts/*")
	if err != nil || len(dirs) < 30 {
		t.Fatalf("only %d fake hosts: %v", len(dirs), err)
	}
	catalogue, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			h := loadHost(t, dir)
			request := plan.Request{Tag: h.Tag, GPUs: h.GPUs}
			facts := h.probes().Facts(t.Context(), detect.Scope{
				Ports: request.CandidatePorts(), GPUs: h.GPUs, Helper: detect.Always,
			})
			text, err := json.MarshalIndent(facts, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			// Facts name paths on the fake host, wherever it is stored.
			golden.Compare(t, filepath.Join(dir, "facts.json"), strings.ReplaceAll(string(text), h.root, "")+"\n")
			golden.Compare(t, filepath.Join(dir, "plan.txt"), planText(facts, catalogue, request))
		})
	}
}

func planText(facts plan.Facts, catalogue plan.Catalogue, request plan.Request) string {
	p, err := plan.Make(facts, catalogue, request)
	if err != nil {
		return fmt.Sprintf("exit %d\nerror: %v\nfix: %s\n", fault.CodeOf(err), err, fault.HintOf(err))
	}
	return p.String()
}

// settings are host.json.
type settings struct {
	OS, Arch string
	Endpoint string
	Remote   bool
	Tag      string   // of the request
	GPUs     []string // of the request
	Memory   int64    // where ghw does not read files: not on Linux
	FreeDisk int64    // on the host's file system
	Images   []string
	Lite     string // why there is no lite image
	// Devices and Refusal are what a helper container gets when it requests a
	// GPU; Machine is what else it sees. Without Machine it cannot run.
	Devices []string
	Refusal string
	Machine *helpercmd.Machine
	// SMI describes nvidia-smi: its exit code, unsupported fields, and whether
	// it hangs.
	SMI struct {
		Exit    int
		Invalid []string
		Hangs   bool
	}
	InfoHangs bool
}

type host struct {
	settings
	dir, root string
}

func loadHost(t *testing.T, dir string) host {
	t.Helper()
	h := host{dir: dir, root: t.TempDir()}
	data, err := os.ReadFile(filepath.Join(dir, "host.json"))
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&h.settings); err != nil {
		t.Fatalf("%s: %v", dir, err)
	}
	if err := furnish(filepath.Join(dir, "root"), h.root); err != nil {
		t.Fatal(err)
	}
	return h
}

// furnish copies a fake root, restoring the colons.
func furnish(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if name, err = url.PathUnescape(name); err != nil {
			return err
		}
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), data, 0o644)
	})
}

func (h host) probes() detect.Probes {
	probes := detect.Probes{
		OS: h.OS, Arch: h.Arch, Root: h.root,
		Endpoint: h.Endpoint, Local: !h.Remote,
		Run: h.run,
		LiteReference: func(arch string) (string, error) {
			if h.Lite != "" {
				return "", errors.New(h.Lite)
			}
			return "facecraft-lite:" + arch, nil
		},
		HostMemory:    detect.HostMemory,
		GraphicsCards: detect.GraphicsCards,
		FreeDisk:      func(string) (int64, error) { return h.FreeDisk, nil },
		Listening:     func(int) bool { return false },
		AskHelper:     h.askHelper,
	}
	if h.OS != "linux" {
		probes.HostMemory = func(string) (int64, error) { return h.Memory, nil }
		probes.GraphicsCards = func(string) ([]string, error) { return nil, errors.New("not on " + h.OS) }
		if h.Memory == 0 { // ghw on macOS
			probes.HostMemory = func(string) (int64, error) { return 0, errors.New("mem.Info.load not implemented on darwin") }
		}
	}
	if _, err := os.Stat(filepath.Join(h.dir, "info.json")); err == nil {
		probes.Daemon = h
	}
	return probes
}

// run fakes the host's programs.
func (h host) run(ctx context.Context, name string, args ...string) ([]byte, error) {
	if name != "nvidia-smi" {
		output, err := os.ReadFile(filepath.Join(h.dir, "bin", filepath.Base(name)))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, exec.ErrNotFound)
		}
		return output, nil
	}
	if h.SMI.Hangs {
		<-ctx.Done()
		return nil, errors.New("signal: killed")
	}
	for _, field := range h.SMI.Invalid {
		if slices.ContainsFunc(args, func(arg string) bool { return strings.Contains(arg, field) }) {
			return []byte(fmt.Sprintf("Field %q is not a valid field to query.\n", field)), errors.New("exit status 2")
		}
	}
	answer := map[string]string{"-L": "list.txt", "-q": "log.txt"}[args[0]]
	if answer == "" || h.SMI.Exit != 0 {
		answer = "query.txt"
	}
	output, err := os.ReadFile(filepath.Join(h.dir, "smi", answer))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, exec.ErrNotFound)
	}
	if h.SMI.Exit != 0 {
		return output, fmt.Errorf("exit status %d", h.SMI.Exit)
	}
	return output, nil
}

// askHelper fakes the helper container.
func (h host) askHelper(_ context.Context, _ string, gpus *plan.GPURequest) (helpercmd.Machine, error) {
	switch {
	case h.settings.Machine == nil:
		return helpercmd.Machine{}, errors.New("this build carries no Linux executable; release builds do")
	case gpus == nil:
		return *h.settings.Machine, nil
	case h.Refusal != "":
		return helpercmd.Machine{}, fmt.Errorf("%w: Error response from daemon: %s", helpercmd.ErrGPURefused, h.Refusal)
	}
	view := *h.settings.Machine
	view.Devices = h.Devices
	return view, nil
}

// The host also fakes the daemon.

func (h host) Info(ctx context.Context) (info system.Info, err error) {
	if h.InfoHangs {
		select {} // a stuck daemon ignores the context
	}
	return info, h.answer("info.json", &info)
}

func (h host) ServerVersion(context.Context) (version types.Version, err error) {
	return version, h.answer("version.json", &version)
}

func (h host) ImageList(context.Context, image.ListOptions) ([]image.Summary, error) {
	return []image.Summary{{RepoTags: h.Images}}, nil
}

func (h host) Rootless(context.Context) (bool, error) {
	var info struct{ Rootless bool }
	return info.Rootless, h.answer("info.json", &info)
}

func (h host) answer(name string, into any) error {
	data, err := os.ReadFile(filepath.Join(h.dir, name))
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}
