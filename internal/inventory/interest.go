package inventory

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// Interest is what is to be known of a file beside its entry.
type Interest struct {
	// Models are names of files whose SHA-256 is wanted whatever they are.
	Models []string
}

// Facts are what is known of a file that matters.
type Facts struct {
	SHA256  string   // of models, as hexadecimal digits
	Head    []byte   // the first bytes of models
	Text    string   // of small files that say something
	Needed  []string // libraries that a program or library asks for
	RunPath []string // where it looks for them first
	Secrets []Secret
}

// wants is what to do with a file's content.
type wants struct {
	sha256, text, elf, secrets bool
}

// headSize is enough to tell a web page or a pointer from a model.
const headSize = 64

const (
	maxText    = 1 << 20   // bytes of a file whose text is kept
	maxSecrets = 256 << 10 // bytes of a file in which secrets are looked for
	minModel   = 1 << 20   // bytes from which an unnamed .bin or .dat counts
)

// texts are the files whose text matters.
var texts = regexp.MustCompile(`^etc/(passwd|group|os-release|ld\.so\.conf|ld\.so\.conf\.d/[^/]+\.conf)$` +
	`|^usr/lib/os-release$` +
	`|(site|dist)-packages/torch/version\.py$` +
	`|(site|dist)-packages/onnxruntime[^/]*\.dist-info/RECORD$` +
	`|/codeformer_arch\.py$`)

// databases of packages are long; they are kept up to maxDatabase bytes.
const (
	dpkgStatus  = "var/lib/dpkg/status"
	maxDatabase = 8 << 20
)

var modelNames = []string{".onnx", ".pth", ".pt", ".ckpt", ".safetensors", ".caffemodel", ".tflite"}

var library = regexp.MustCompile(`\.so(\.\d+)*$`)

// packaged are directories of what others published: their examples and test
// keys are no secrets.
var packaged = regexp.MustCompile(`^(usr/(lib|share|include|src|local/cuda[^/]*|local/lib)|lib|var/lib|opt/conda)/|(site|dist)-packages/|(^|/)\.git/objects/`)

// secretive are names that are looked into wherever they are.
var secretive = regexp.MustCompile(`(^|/)(\.env(\.[^/]*)?|\.npmrc|\.pypirc|\.netrc|\.git-credentials|pip\.conf|id_(rsa|dsa|ecdsa|ed25519)|\.docker/config\.json)$`)

// of is what is wanted of a file.
func (i Interest) of(file string, size int64) wants {
	name := path.Base(file)
	model := slices.Contains(modelNames, path.Ext(name)) || size >= minModel && slices.Contains([]string{".bin", ".dat"}, path.Ext(name))
	return wants{
		sha256: model || slices.Contains(i.Models, name),
		text:   size <= maxText && texts.MatchString(file) || size <= maxDatabase && file == dpkgStatus,
		elf:    library.MatchString(name),
		secrets: size > 0 && size <= maxSecrets &&
			(secretive.MatchString(file) || !packaged.MatchString(file) && !strings.HasSuffix(name, ".pyc")),
	}
}

func (w wants) any() bool { return w != wants{} }
