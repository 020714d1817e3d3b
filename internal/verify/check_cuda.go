package verify

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/inventory"
)

var (
	nvcc      = where("", `^usr/local/cuda[^/]*/bin/nvcc$`)
	cudaTools = where("cuda cudnn nccl cublas",
		`^usr/local/cuda[^/]*/(bin|nvvm|nsight[^/]*|compute-sanitizer|include|targets/[^/]+/include|extras)/`+
			`|^usr/local/cuda[^/]*/(lib64|targets/[^/]+/lib)/(stubs/|[^/]*\.a$)`+
			`|^usr/(include|lib)/.*(cudnn|nccl|cublas)[^/]*\.(h|a)$`)
	develPackage = regexp.MustCompile(`^(cuda-nvcc-|cuda-minimal-build-|cuda-libraries-dev-` +
		`|libcudnn\d*-dev|libcublas-dev-|libnccl-dev)`)
	compilers = where("gcc g++ cc1 clang",
		`^usr/bin/([a-z0-9_]+-linux-gnu-)?(gcc|g\+\+|cc1|clang)(-\d+)?$|^usr/lib(exec)?/gcc/.*/cc1(plus)?$`)
)

// cudaDevel recognises the toolchain by its compiler, its packages, and two
// variables that only NVIDIA's devel images set.
func cudaDevel(s *subject) []result {
	var evidence []string
	for _, v := range s.Config.Env {
		name, value, _ := strings.Cut(v, "=")
		if name == "NV_CUDA_CUDART_DEV_VERSION" || name == "LIBRARY_PATH" && strings.HasSuffix(value, "/stubs") {
			evidence = append(evidence, "ENV "+short(v))
		}
	}
	for _, node := range s.matching(nvcc) {
		evidence = append(evidence, s.fileLine(node))
	}
	for _, name := range s.packages() {
		if develPackage.MatchString(name) {
			evidence = append(evidence, "package "+name)
		}
	}
	tools := s.matching(cudaTools)
	switch compiler := s.matching(compilers); {
	case len(evidence) > 0:
		return []result{fail("the CUDA toolchain is in the image: %s", bytes(bytesOf(tools))).with(some(evidence)...).
			saving(bytesOf(tools)).keyed("devel")}
	case s.Depth < inventory.FilesDepth:
		return []result{deeper(inventory.FilesDepth)}
	case len(compiler) > 0:
		return []result{fail("a C compiler is in the image").graded(finding.Note).with(s.fileLine(compiler[0])).
			at(compiler[0].Path).
			remedied("build wheels in an earlier stage and install them without a compiler").saving(bytesOf(compiler))}
	}
	return []result{pass("there is no CUDA toolchain")}
}

// packages returns the packages that dpkg has installed.
func (s *subject) packages() (list []string) {
	name := ""
	for _, line := range lines(s.Inventory, "var/lib/dpkg/status") {
		if after, ok := strings.CutPrefix(line, "Package: "); ok {
			name = after
		}
		// The others were removed, and only their configuration remains.
		if strings.HasPrefix(line, "Status: ") && strings.HasSuffix(line, " installed") {
			list = append(list, name)
		}
	}
	return list
}

// cudaLibrary is a library of CUDA; torch's wheels put a hash into the name.
var cudaLibrary = regexp.MustCompile(`^(lib(?:cublas|cublasLt|cudnn[a-z_]*|cufft|curand|cusparse` +
	`|cusolver|nccl|nvrtc|nvJitLink|npp[a-z]*))(?:-[0-9a-f]{8})?\.so(?:\.(\d+))?`)

// cudaTwice compares the system's CUDA libraries with those of Python
// packages. They are needed when something else links to them.
func cudaTwice(s *subject) []result {
	system, python := map[string][]*inventory.Node{}, map[string]bool{}
	for node := range s.Files.All() {
		if node.Kind != inventory.File || !strings.Contains(node.Path, ".so") {
			continue
		}
		switch m := cudaLibrary.FindStringSubmatch(path.Base(node.Path)); {
		case m == nil:
		case siteOf(node.Path) != "":
			python[m[1]] = true
		case strings.HasPrefix(node.Path, "usr/"):
			system[m[1]] = append(system[m[1]], node)
		}
	}
	var twice []*inventory.Node
	for name, nodes := range system {
		if python[name] {
			twice = append(twice, nodes...)
		}
	}
	if len(twice) == 0 {
		return []result{pass("no CUDA library is there twice")}
	}
	slices.SortFunc(twice, func(a, b *inventory.Node) int { return strings.Compare(a.Path, b.Path) })
	if needs := s.needing(twice); len(needs) > 0 {
		return []result{pass("the system's CUDA libraries are needed beside torch's").with(some(needs)...)}
	}
	var evidence []string
	for _, node := range twice {
		evidence = append(evidence, s.fileLine(node))
	}
	return []result{fail("%s of CUDA libraries are there twice: in /usr and with torch", bytes(bytesOf(twice))).
		with(some(evidence)...).saving(bytesOf(twice)).keyed("twice")}
}

// needing returns the files that link to one of these libraries, except the
// libraries themselves and torch's own.
func (s *subject) needing(libraries []*inventory.Node) (list []string) {
	there := map[string]bool{}
	for _, node := range libraries {
		m := cudaLibrary.FindStringSubmatch(path.Base(node.Path))
		there[m[1]+"."+m[2]] = true
	}
	for node := range s.Files.All() {
		if node.Facts == nil || torchOwn.match(node.Path) || cudaLibrary.MatchString(path.Base(node.Path)) {
			continue
		}
		for _, needed := range node.Facts.Needed {
			if m := cudaLibrary.FindStringSubmatch(needed); m != nil && there[m[1]+"."+m[2]] {
				list = append(list, "/"+node.Path+" needs "+needed)
			}
		}
	}
	return list
}

var torchOwn = where("-packages/torch -packages/nvidia -packages/triton",
	`(site|dist)-packages/(torch|nvidia|triton|torchvision|torchaudio)/`)
