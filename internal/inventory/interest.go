package inventory

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// Interest says what to find out about files besides their entries.
type Interest struct {
	// Models are the names of files whose SHA-256 is always wanted.
	Models []string
}

// Facts are the known facts about a file that matters.
type Facts struct {
	SHA256  string   // of models, as hexadecimal digits
	Head    []byte   // the first bytes of models
	Text    string   // of small files whose text matters
	Needed  []string // libraries that a program or library depends on
	RunPath []string // where it looks for them first
	Secrets []Secret
}

// wants says what to do with a file's content.
type wants struct {
	sha256, text, elf, secrets bool
}

// headSize is enough to distinguish a web page or a Git LFS pointer from a model.
const headSize = 64

const (
	maxText    = 1 << 20   // bytes of a file whose text is kept
	maxSecrets = 256 << 10 // bytes of a file in which secrets are looked for
	minModel   = 1 << 20   // bytes from which an unnamed .bin or .dat counts
)

// texts are small files whose text matters, by their paths.
var texts = []string{"etc/passwd", "etc/group", "etc/os-release", "usr/lib/os-release", "etc/ld.so.conf"}

// isTextThatMatters compares strings instead of matching a regular expression: it
// is called for every file, and a hostile path has four thousand characters.
func isTextThatMatters(file, name string) bool {
	switch {
	case slices.Contains(texts, file), name == "codeformer_arch.py":
		return true
	case name == "version.py":
		return strings.HasSuffix(file, "-packages/torch/version.py")
	case name == "RECORD":
		at := strings.LastIndex(file, "-packages/onnxruntime")
		return at >= 0 && strings.HasSuffix(file, ".dist-info/RECORD") && strings.Count(file[at:], "/") == 2
	}
	return path.Ext(name) == ".conf" && file == "etc/ld.so.conf.d/"+name
}

// Package databases are long; up to maxDatabase bytes of them are kept.
const (
	dpkgStatus  = "var/lib/dpkg/status"
	maxDatabase = 8 << 20
)

var modelNames = []string{".onnx", ".pth", ".pt", ".ckpt", ".safetensors", ".caffemodel", ".tflite"}

// library matches names of shared libraries.
var library = regexp.MustCompile(`\.so(\.\d+)*$`)

func isLibrary(name string) bool { return strings.Contains(name, ".so") && library.MatchString(name) }

// packaged are directories of published software, whose examples and test keys are
// not secrets.
var packaged = []string{"usr/lib/", "usr/share/", "usr/include/", "usr/src/", "usr/local/cuda", "usr/local/lib/",
	"lib/", "var/lib/", "opt/conda/"}

func isPackaged(file string) bool {
	return slices.ContainsFunc(packaged, func(dir string) bool { return strings.HasPrefix(file, dir) }) ||
		strings.Contains(file, "site-packages/") || strings.Contains(file, "dist-packages/") ||
		strings.Contains("/"+file, "/.git/objects/")
}

// secretive are names of files that are searched for secrets wherever they are.
var secretive = []string{".env", ".npmrc", ".pypirc", ".netrc", ".git-credentials", "pip.conf",
	"id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"}

func isSecretive(file, name string) bool {
	return slices.Contains(secretive, name) || strings.HasPrefix(name, ".env.") ||
		name == "config.json" && strings.HasSuffix("/"+file, "/.docker/config.json")
}

// of returns what is wanted from a file.
func (i Interest) of(file string, size int64) wants {
	name := path.Base(file)
	model := slices.Contains(modelNames, path.Ext(name)) || size >= minModel &&
		slices.Contains([]string{".bin", ".dat"}, path.Ext(name))
	return wants{
		sha256: model || slices.Contains(i.Models, name) || strings.HasPrefix(name, "onnxruntime_pybind11_state"),
		text:   size <= maxText && isTextThatMatters(file, name) || size <= maxDatabase && file == dpkgStatus,
		elf:    isLibrary(name),
		secrets: size > 0 && size <= maxSecrets &&
			(isSecretive(file, name) || !isPackaged(file) && !strings.HasSuffix(name, ".pyc")),
	}
}

func (w wants) any() bool { return w != wants{} }
