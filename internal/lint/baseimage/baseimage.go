// Package baseimage recognises base images by name.
package baseimage

import (
	"strings"

	"github.com/distribution/reference"

	"github.com/djok/facecraft/internal/lint/shell"
)

// Image is what an image's name reveals.
type Image struct {
	Name string // without registry and library/
	Tag  string
}

// Parse takes an image reference apart. The name is empty if the reference is
// unknown or invalid.
func Parse(image string) Image {
	if strings.Contains(image, shell.Unknown) {
		image, _, _ = strings.Cut(image, shell.Unknown) // what precedes it may be enough
		if !strings.Contains(image, ":") {
			return Image{}
		}
		image += "unknown"
	}
	named, err := reference.ParseNormalizedNamed(image)
	if err != nil {
		return Image{}
	}
	b := Image{Name: reference.Path(named)}
	b.Name = strings.TrimPrefix(b.Name, "library/")
	if domain := reference.Domain(named); domain != "docker.io" {
		b.Name = mirrored(domain, b.Name)
	}
	if tagged, ok := named.(reference.Tagged); ok {
		b.Tag = tagged.Tag()
	}
	return b
}

// mirrored returns an official image's name without a known mirror registry, and
// any other name with its registry.
func mirrored(domain, name string) string {
	for _, prefix := range []string{"public.ecr.aws/docker/library/", "mirror.gcr.io/library/", "nvcr.io/"} {
		if rest, ok := strings.CutPrefix(domain+"/"+name, prefix); ok {
			return rest
		}
	}
	return domain + "/" + name
}

// rootBases lists images that run as root, with their type of system.
var rootBases = map[string]string{
	"scratch": "", "python": "debian", "debian": "debian", "ubuntu": "debian", "buildpack-deps": "debian",
	"node":   "debian",
	"golang": "debian", "rust": "debian", "gcc": "debian", "ruby": "debian", "php": "debian", "perl": "debian",
	"alpine":      "alpine",
	"nvidia/cuda": "debian", "pytorch/pytorch": "debian", "tensorflow/tensorflow": "debian", "rocm/pytorch": "debian",
	"continuumio/miniconda3": "debian", "continuumio/anaconda3": "debian", "condaforge/mambaforge": "debian",
	"condaforge/miniforge3": "debian",
	"nginx":                 "debian", "httpd": "debian", "redis": "debian", "postgres": "debian", "fedora": "rpm",
	"rockylinux":  "rpm",
	"almalinux":   "rpm",
	"amazonlinux": "rpm", "centos": "rpm", "busybox": "busybox", "eclipse-temurin": "debian",
	"ghcr.io/astral-sh/uv":              "debian",
	"tiangolo/uvicorn-gunicorn-fastapi": "debian", "tiangolo/uvicorn-gunicorn": "debian", "nvidia/pytorch": "debian",
}

// Known reports whether the image is in rootBases.
func (b Image) Known() bool { _, ok := rootBases[b.Name]; return ok }

// System returns debian, alpine, rpm, busybox or "".
func (b Image) System() string {
	if strings.Contains(b.Tag, "alpine") {
		return "alpine"
	}
	return rootBases[b.Name]
}

// Has reports whether an image includes a tool, if that is known.
func (b Image) Has(tool string) (has, known bool) {
	switch {
	case !b.Known() || b.Tag == "unknown":
		return false, false
	case b.System() == "alpine" || b.System() == "busybox":
		return tool == "wget", true
	case b.Name == "buildpack-deps":
		return tool == "curl" || tool == "wget", true
	case b.Name == "python" || b.Name == "node" || b.Name == "ruby" || b.Name == "golang" || b.Name == "rust" ||
		b.Name == "gcc" || b.Name == "perl":
		full := !strings.Contains(b.Tag, "slim")
		return full && (tool == "curl" || tool == "wget"), true
	case b.Name == "debian" || b.Name == "ubuntu" || b.Name == "nvidia/cuda":
		return false, true
	case b.Name == "scratch":
		return false, true
	}
	return false, false
}

// GPU returns why an image is meant for GPUs, or "".
func (b Image) GPU() string {
	switch {
	case strings.HasSuffix(b.Name, "nvidia/cuda") || strings.HasSuffix(b.Name, "/cuda"):
		return "its base is an image of CUDA"
	case strings.HasPrefix(b.Name, "rocm/"):
		return "its base is an image of ROCm"
	case strings.HasPrefix(b.Name, "nvidia/") || strings.Contains(b.Name, "l4t"):
		return "its base is one of NVIDIA's images"
	case strings.HasSuffix(b.Name, "pytorch/pytorch") && strings.Contains(b.Tag, "cuda"), strings.Contains(b.Tag, "-gpu"),
		strings.Contains(b.Tag, "cuda"), strings.Contains(b.Tag, "rocm"):
		return "its base is " + b.Name + ":" + b.Tag
	}
	return ""
}
