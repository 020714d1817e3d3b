package lint

import (
	"strings"

	"github.com/distribution/reference"

	"github.com/djok/facecraft/internal/lint/shell"
)

// base is what is known of an image by its name.
type base struct {
	name string // without registry and library/
	tag  string
}

// baseOf takes an image reference apart. One that is not known has no name.
func baseOf(image string) base {
	if strings.Contains(image, shell.Unknown) {
		image, _, _ = strings.Cut(image, shell.Unknown) // what stands before it may say enough
		if !strings.Contains(image, ":") {
			return base{}
		}
		image += "unknown"
	}
	named, err := reference.ParseNormalizedNamed(image)
	if err != nil {
		return base{}
	}
	b := base{name: reference.Path(named)}
	b.name = strings.TrimPrefix(b.name, "library/")
	if domain := reference.Domain(named); domain != "docker.io" {
		b.name = mirrored(domain, b.name)
	}
	if tagged, ok := named.(reference.Tagged); ok {
		b.tag = tagged.Tag()
	}
	return b
}

// mirrored is an official image's name at a registry that copies them, or the
// whole name.
func mirrored(domain, name string) string {
	for _, prefix := range []string{"public.ecr.aws/docker/library/", "mirror.gcr.io/library/", "nvcr.io/"} {
		if rest, ok := strings.CutPrefix(domain+"/"+name, prefix); ok {
			return rest
		}
	}
	return domain + "/" + name
}

// rootBases are images that run as root, with their kinds of system.
var rootBases = map[string]string{
	"scratch": "", "python": "debian", "debian": "debian", "ubuntu": "debian", "buildpack-deps": "debian", "node": "debian",
	"golang": "debian", "rust": "debian", "gcc": "debian", "ruby": "debian", "php": "debian", "perl": "debian", "alpine": "alpine",
	"nvidia/cuda": "debian", "pytorch/pytorch": "debian", "tensorflow/tensorflow": "debian", "rocm/pytorch": "debian",
	"continuumio/miniconda3": "debian", "continuumio/anaconda3": "debian", "condaforge/mambaforge": "debian", "condaforge/miniforge3": "debian",
	"nginx": "debian", "httpd": "debian", "redis": "debian", "postgres": "debian", "fedora": "rpm", "rockylinux": "rpm", "almalinux": "rpm",
	"amazonlinux": "rpm", "centos": "rpm", "busybox": "busybox", "eclipse-temurin": "debian", "ghcr.io/astral-sh/uv": "debian",
	"tiangolo/uvicorn-gunicorn-fastapi": "debian", "tiangolo/uvicorn-gunicorn": "debian", "nvidia/pytorch": "debian",
}

// known tells whether the image is one of these.
func (b base) known() bool { _, ok := rootBases[b.name]; return ok }

// system is debian, alpine, rpm, busybox or "".
func (b base) system() string {
	if strings.Contains(b.tag, "alpine") {
		return "alpine"
	}
	return rootBases[b.name]
}

// has tells whether an image brings a tool; known is false where nobody knows.
func (b base) has(tool string) (has, known bool) {
	switch {
	case !b.known() || b.tag == "unknown":
		return false, false
	case b.system() == "alpine" || b.system() == "busybox":
		return tool == "wget", true
	case b.name == "buildpack-deps":
		return tool == "curl" || tool == "wget", true
	case b.name == "python" || b.name == "node" || b.name == "ruby" || b.name == "golang" || b.name == "rust" || b.name == "gcc" || b.name == "perl":
		full := !strings.Contains(b.tag, "slim")
		return full && (tool == "curl" || tool == "wget"), true
	case b.name == "debian" || b.name == "ubuntu" || b.name == "nvidia/cuda":
		return false, true
	case b.name == "scratch":
		return false, true
	}
	return false, false
}

// gpu says why an image is meant for GPUs, or "".
func (b base) gpu() string {
	switch {
	case strings.HasSuffix(b.name, "nvidia/cuda") || strings.HasSuffix(b.name, "/cuda"):
		return "its base is an image of CUDA"
	case strings.HasPrefix(b.name, "rocm/"):
		return "its base is an image of ROCm"
	case strings.HasPrefix(b.name, "nvidia/") || strings.Contains(b.name, "l4t"):
		return "its base is one of NVIDIA's images"
	case strings.HasSuffix(b.name, "pytorch/pytorch") && strings.Contains(b.tag, "cuda"), strings.Contains(b.tag, "-gpu"), strings.Contains(b.tag, "cuda"), strings.Contains(b.tag, "rocm"):
		return "its base is " + b.name + ":" + b.tag
	}
	return ""
}
