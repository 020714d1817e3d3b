package run

import (
	"regexp"
	"slices"
	"strings"
)

// knownIssue is a known way for servers to fail, recognised by text from the
// daemon or their log.
type knownIssue struct {
	text   string // in lower case
	what   string
	remedy string
}

// In both tables the order matters: the more specific texts come first.

// refusals are daemons' errors when they cannot start a container.
var refusals = []knownIssue{
	{"could not select device driver", "Docker cannot pass a GPU to a container", toolkitRemedy},
	{"unknown runtime specified nvidia", "Docker's default runtime is NVIDIA's, which is not installed", toolkitRemedy},
	{"invalid runtime name: nvidia", "Docker's default runtime is NVIDIA's, which is not installed", toolkitRemedy},
	{"unresolvable cdi devices", "Docker's list of GPUs (CDI) does not contain a requested GPU",
		"regenerate it: sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml; or run facecraft up --tag cpu"},
	{"please update your driver", "the NVIDIA driver is older than the image's CUDA", driverRemedy},
	{"driver/library version mismatch", "the NVIDIA driver was updated but the old one is still loaded",
		"restart the computer, or run facecraft up --tag cpu"},
	{"nvidia-container-cli", "the NVIDIA driver does not work in containers",
		"facecraft doctor shows what it says; or run facecraft up --tag cpu"},
	{"container-init binary not found", "Podman cannot find its init program",
		"install catatonit: sudo apt-get install catatonit"},
	{"exec format error", "the image is for a different architecture than the daemon's",
		"install emulation: docker run --privileged --rm tonistiigi/binfmt --install amd64; or run facecraft up " +
			"--recreate --lite"},
	{"mount path must be absolute", "this Docker daemon does not know the directories of Windows",
		"use Docker Desktop, or leave out --data"},
	{"no space left on device", "the disk of the Docker daemon is full",
		"free up disk space: docker system df shows what Docker uses"},
	{"no command specified", "the image has no command to run", imageRemedy},
	{"no command or entrypoint provided", "the image has no command to run", imageRemedy}, // Podman
	{"executable file not found", "the image's command does not exist", imageRemedy},
	{"unable to start container process: exec: ", "the image's command cannot be run", imageRemedy},
	{"cgroup configuration", "Docker cannot set limits on containers here (cgroups)", daemonRemedy},
	{"cgroup mountpoint", "Docker cannot set limits on containers here (cgroups)", daemonRemedy},
	{"cgroupv2", "Docker cannot set limits on containers here (cgroups)", daemonRemedy},
	{"oci runtime", "Docker cannot start the container's process", daemonRemedy},
}

const (
	toolkitRemedy = "install nvidia-container-toolkit (facecraft doctor says how), or run facecraft up --tag cpu"
	driverRemedy  = "update the NVIDIA driver; facecraft doctor names the version"
	imageRemedy   = "check --image: it is not a facecraft image"
	daemonRemedy  = "restart Docker; if Docker itself runs in a container, start that container with docker run " +
		"--privileged"
)

// deaths are what servers log before they die.
var deaths = []knownIssue{
	{"no locator available", "numba has nowhere to write its cache, because the user does not exist in the image",
		"run it as the image's user, 1000:1000, or set NUMBA_CACHE_DIR=/tmp/numba"},
	{"no kernel image is available", "the image's PyTorch has no code for this GPU: it is too new or too old",
		"run it on the CPU: facecraft up --recreate --tag cpu"},
	{"driver version is insufficient", "the NVIDIA driver is older than the image's CUDA", driverRemedy},
	{"driver on your system is too old", "the NVIDIA driver is older than the image's CUDA", driverRemedy},
	{"cuda out of memory", "the GPU's memory is too small or in use",
		"close the programs that use the GPU (nvidia-smi lists them), or run facecraft up --recreate --tag cpu"},
	{"address already in use", "another program is listening on the server's port",
		"choose another port: facecraft up --recreate --port 8080"},
	{"downloading:", "the server downloads a model at run time, which needs internet access",
		"give the container internet access, or use an image that includes its models"},
	{"failed to resolve", "the server downloads a model at run time, but has no internet access",
		"give the container internet access, or use an image that includes its models"},
	{"name resolution", "the server downloads a model at run time, but has no internet access",
		"give the container internet access, or use an image that includes its models"},
	{`"why":"dial tcp: lookup`, "the gateway's network does not resolve the servers' names",
		"on Podman, install aardvark-dns (on Debian 12: golang-github-containernetworking-plugin-dnsname), " +
			"then run facecraft up --recreate; or leave the gateway out"},
	{"device type at start of device string", "FACECRAFT_DEVICE is not a device that PyTorch knows",
		"set it to auto, cpu, cuda or cuda:0, then facecraft up --recreate with the same flags"},
	{"[fatal tini", "the image's command cannot be run", imageRemedy}, // docker run --init
	{permissionDenied, "the server cannot write to its files",
		"run facecraft up --fix-permissions with the same flags"},
	{"read-only file system", "the server writes to a read-only file system",
		"mount a volume where it writes"},
	{loadFailure, "the server runs, but cannot load its models",
		"fix the error in its log, then run facecraft up --recreate with the same flags; facecraft down removes it"},
}

// permissionDenied is an issue whose remedy depends on the file's owner.
const permissionDenied = "permission denied"

// imageFile is the known issue for a file outside the server's own directories:
// changing permissions does not help there.
func imageFile(path, user string) *knownIssue {
	issue := &knownIssue{what: "the server, which runs as " + user + ", cannot access " + path + ", a file in the image",
		remedy: imageRemedy}
	if user != imageUser {
		issue.remedy = "run it as the image's user, " + imageUser + ": leave --data out"
	}
	return issue
}

// imageUser is the published images' user.
const imageUser = "1000:1000"

// forbiddenPath finds the path in a log line about a denied permission.
func forbiddenPath(text string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(strings.ToLower(line), permissionDenied) {
			return absolutePath.FindString(line)
		}
	}
	return ""
}

var absolutePath = regexp.MustCompile(`/[^\s'":,;)]+`)

// under reports whether a path is in one of the directories.
func under(path string, directories []string) bool {
	return slices.ContainsFunc(directories, func(dir string) bool {
		return path == dir || strings.HasPrefix(path, dir+"/")
	})
}

// recognise returns the known issue that a text matches, or nil.
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
