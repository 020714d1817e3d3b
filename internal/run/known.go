package run

import (
	"regexp"
	"slices"
	"strings"
)

// knownIssue is a way in which servers are known to fail, by words of the
// daemon or of their log.
type knownIssue struct {
	text   string // in lower case
	what   string
	remedy string
}

// In both tables the order matters: what is more particular comes first.

// refusals are what daemons say of a container that they cannot start.
var refusals = []knownIssue{
	{"could not select device driver", "Docker cannot hand a GPU to a container", toolkitRemedy},
	{"unknown runtime specified nvidia", "Docker's default runtime is NVIDIA's, which is not there", toolkitRemedy},
	{"invalid runtime name: nvidia", "Docker's default runtime is NVIDIA's, which is not there", toolkitRemedy},
	{"unresolvable cdi devices", "Docker's list of GPUs (CDI) lacks one that was asked for",
		"write it anew: sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml; or run facecraft up --tag cpu"},
	{"please update your driver", "the NVIDIA driver is older than the image's CUDA", driverRemedy},
	{"driver/library version mismatch", "the NVIDIA driver was updated while the old one is loaded", "restart the computer, or run facecraft up --tag cpu"},
	{"nvidia-container-cli", "the NVIDIA driver does not work in containers", "facecraft doctor shows what it says; or run facecraft up --tag cpu"},
	{"container-init binary not found", "Podman lacks the program that is to be each container's first", "install catatonit: sudo apt-get install catatonit"},
	{"exec format error", "the image is for another processor than the daemon's",
		"install emulation: docker run --privileged --rm tonistiigi/binfmt --install amd64; or run facecraft up --recreate --lite"},
	{"no space left on device", "the disk of the Docker daemon is full",
		"free up disk space: docker system df shows what Docker uses"},
	{"no command specified", "the image has no command to run", imageRemedy},
	{"no command or entrypoint provided", "the image has no command to run", imageRemedy}, // Podman
	{"executable file not found", "the image lacks the command that it is to run", imageRemedy},
	{"unable to start container process: exec: ", "the image's command cannot be run", imageRemedy},
	{"cgroup configuration", "Docker cannot set limits on containers here (cgroups)", daemonRemedy},
	{"cgroup mountpoint", "Docker cannot set limits on containers here (cgroups)", daemonRemedy},
	{"cgroupv2", "Docker cannot set limits on containers here (cgroups)", daemonRemedy},
	{"oci runtime", "Docker cannot start the container's process", daemonRemedy},
}

const (
	toolkitRemedy = "install nvidia-container-toolkit, facecraft doctor says how; or run facecraft up --tag cpu"
	driverRemedy  = "update the NVIDIA driver; facecraft doctor says to which version"
	imageRemedy   = "check --image: it is not a facecraft image"
	daemonRemedy  = "restart Docker; where Docker itself runs in a container, start that one with docker run --privileged"
)

// deaths are what servers say before they end.
var deaths = []knownIssue{
	{"no locator available", "numba finds no place for its cache, because the image does not know the user",
		"run it as the image's own user, 1000:1000, or set NUMBA_CACHE_DIR=/tmp/numba"},
	{"no kernel image is available", "the image's PyTorch has no code for this GPU: it is too new or too old",
		"run it on the processor: facecraft up --recreate --tag cpu"},
	{"driver version is insufficient", "the NVIDIA driver is older than the image's CUDA", driverRemedy},
	{"driver on your system is too old", "the NVIDIA driver is older than the image's CUDA", driverRemedy},
	{"cuda out of memory", "the GPU's memory is too small or taken",
		"close what uses the GPU (nvidia-smi names it), or run facecraft up --recreate --tag cpu"},
	{"address already in use", "something else listens on the server's port",
		"choose another port: facecraft up --recreate --port 8080"},
	{"downloading:", "the server downloads a model at run time, which needs the internet",
		"give the container a way to the internet, or use an image that has its models"},
	{"failed to resolve", "the server downloads a model at run time and reaches no internet",
		"give the container a way to the internet, or use an image that has its models"},
	{"name resolution", "the server downloads a model at run time and reaches no internet",
		"give the container a way to the internet, or use an image that has its models"},
	{"device type at start of device string", "FACECRAFT_DEVICE names a device that PyTorch does not know",
		"set it to auto, cpu, cuda or cuda:0, then facecraft up --recreate with the same flags"},
	{"[fatal tini", "the image's command cannot be run", imageRemedy}, // docker run --init
	{permissionDenied, "the server may not write where it has to",
		"facecraft up --fix-permissions, with the same flags, gives it its files"},
	{"read-only file system", "the server writes where nothing may be written",
		"put what it writes into a volume"},
	{loadFailure, "the server runs, but cannot load its models",
		"mend what it says, then facecraft up --recreate with the same flags; facecraft down removes it"},
}

// permissionDenied is an issue whose remedy depends on whose the file is.
const permissionDenied = "permission denied"

// imagesFile is the known issue of a file that lies in no place of the server's
// own: no permissions that could be given help there.
func imagesFile(path, user string) *knownIssue {
	issue := &knownIssue{what: "the server, which runs as " + user + ", may not use " + path + ", a file of the image", remedy: imageRemedy}
	if user != imageUser {
		issue.remedy = "run it as the image's own user, " + imageUser + ": leave --data out"
	}
	return issue
}

// imageUser is the published images' user.
const imageUser = "1000:1000"

// forbiddenPath finds the file in a log line that says that it may not be used.
func forbiddenPath(text string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(strings.ToLower(line), permissionDenied) {
			return absolutePath.FindString(line)
		}
	}
	return ""
}

var absolutePath = regexp.MustCompile(`/[^\s'":,;)]+`)

// under tells whether a path lies in one of the directories.
func under(path string, directories []string) bool {
	return slices.ContainsFunc(directories, func(dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") })
}

// recognise finds the known issue in a text, or nil.
func recognise(text string, tables ...[]knownIssue) *knownIssue {
	text = strings.ToLower(text)
	for _, table := range tables {
		for i := range table {
			if strings.Contains(text, table[i].text) {
				return &table[i]
			}
		}
	}
	return nil
}
