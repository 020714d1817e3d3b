package download

import (
	"path"
	"slices"
	"strings"
)

// Model is a weights file whose correct checksums are known.
type Model struct {
	SHA256, MD5 string
	Note        string // about a wrong checksum in circulation
	Wrong       string
}

// KnownModels are the files that portrait servers need. Sources: Debian's
// libdlib-data has the landmarks, rembg checks u2net's MD5 itself, the others are
// the projects' releases.
var KnownModels = map[string]Model{
	"shape_predictor_68_face_landmarks.dat": {
		SHA256: "fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f", MD5: "73fde5e05226548677a050913eed4e04",
		Wrong: "d527a3620200929aa8ccdb06e7f3ce0a",
		Note:  "this MD5 is copied from guide to guide and belongs to no known file; a build that checks it always fails",
	},
	"shape_predictor_68_face_landmarks.dat.bz2": {
		SHA256: "7d6637b8f34ddb0c1363e09a4628acb34314019ec3566fd66b80c04dda6980f5",
	},
	"u2net_human_seg.onnx": {
		SHA256: "01eb6a29a5c4d8edb30b56adad9bb3a2a0535338e480724a213e0acfd2d1c73c", MD5: "c09ddc2e0104f800e3e1bb4652583d1f",
	},
	"codeformer.pth":               {SHA256: "1009e537e0c2a07d4cabce6355f53cb66767cd4b4297ec7a4a64ca4b8a5684b7"},
	"detection_Resnet50_Final.pth": {SHA256: "6d1de9c2944f2ccddca5f5e010ea5ae64a39845a86311af6fdf30841b0a5a16d"},
	"parsing_parsenet.pth":         {SHA256: "3d558d8d0e42c20224f13cf5a29c79eba2d59913419f945545d8cf7b72920de2"},
}

// Contradicts returns the correct digest of a file if the given one differs, or
// "". Only algorithms whose digest is known can tell.
func (m Model) Contradicts(digest string) string {
	truth := ""
	switch len(digest) {
	case 32:
		truth = m.MD5
	case 64:
		truth = m.SHA256
	}
	if truth == digest {
		return ""
	}
	return truth
}

// modelExtensions are the extensions of weights files.
var modelExtensions = []string{".pth", ".pt", ".onnx", ".dat", ".safetensors", ".ckpt", ".h5", ".tflite", ".gguf",
	".caffemodel", ".pb"}

// IsModel reports whether a file contains weights, compressed or not.
func IsModel(name string) bool {
	base := strings.ToLower(path.Base(name))
	for _, packed := range packedExtensions {
		base = strings.TrimSuffix(base, packed)
	}
	return slices.ContainsFunc(modelExtensions, func(ext string) bool { return strings.HasSuffix(base, ext) })
}

var packedExtensions = []string{".bz2", ".gz", ".xz", ".zst"}
