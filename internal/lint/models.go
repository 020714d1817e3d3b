package lint

// model is a file with weights of which the true checksums are known.
type model struct {
	sha256, md5 string
	note        string // on a checksum that goes around
	wrong       string
}

// knownModels are the files that face images need. Sources: Debian's libdlib-data has
// the landmarks, rembg checks u2net's MD5 itself, the others are the projects'
// releases.
var knownModels = map[string]model{
	"shape_predictor_68_face_landmarks.dat": {
		sha256: "fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f", md5: "73fde5e05226548677a050913eed4e04",
		wrong: "d527a3620200929aa8ccdb06e7f3ce0a", note: "this MD5 is copied from guide to guide and belongs to no known file; a build that checks it always fails",
	},
	"shape_predictor_68_face_landmarks.dat.bz2": {sha256: "7d6637b8f34ddb0c1363e09a4628acb34314019ec3566fd66b80c04dda6980f5"},
	"u2net_human_seg.onnx": {
		sha256: "01eb6a29a5c4d8edb30b56adad9bb3a2a0535338e480724a213e0acfd2d1c73c", md5: "c09ddc2e0104f800e3e1bb4652583d1f",
	},
	"codeformer.pth":               {sha256: "1009e537e0c2a07d4cabce6355f53cb66767cd4b4297ec7a4a64ca4b8a5684b7"},
	"detection_Resnet50_Final.pth": {sha256: "6d1de9c2944f2ccddca5f5e010ea5ae64a39845a86311af6fdf30841b0a5a16d"},
	"parsing_parsenet.pth":         {sha256: "3d558d8d0e42c20224f13cf5a29c79eba2d59913419f945545d8cf7b72920de2"},
}

// contradicts is the true digest of a file where the given one is another, or
// "". Only algorithms whose digest is known can tell.
func (m model) contradicts(digest string) string {
	truth := ""
	switch len(digest) {
	case 32:
		truth = m.md5
	case 64:
		truth = m.sha256
	}
	if truth == digest {
		return ""
	}
	return truth
}
