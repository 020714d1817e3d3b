package verify

import (
	"encoding/base64"
	"encoding/hex"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/inventory"
)

// ortBoth finds onnxruntime and onnxruntime-gpu in one site: they own the same
// files. In separate sites they do not conflict.
func ortBoth(s *subject) []result {
	var list []result
	seen := false
	for _, site := range s.sites() {
		installed := s.distributions(site)
		_, cpu := installed["onnxruntime"]
		_, gpu := installed["onnxruntime-gpu"]
		seen = seen || cpu || gpu
		if !cpu || !gpu {
			continue
		}
		r := fail("onnxruntime %s and onnxruntime-gpu %s are both installed", installed["onnxruntime"],
			installed["onnxruntime-gpu"])
		r = r.with("/" + site).with(s.winner(site)).at(strings.TrimSuffix(site, "/")).keyed("both")
		if s.variant.Name != "" && !s.variant.Needs.CUDA {
			r = r.graded(finding.Warning)
		}
		list = append(list, r)
	}
	switch {
	case !seen:
		return []result{beside("ONNX Runtime is not installed")}
	case len(list) == 0:
		return []result{pass("one ONNX Runtime is installed")}
	}
	return list
}

// winner names the package whose files are installed: both record the SHA-256 and
// size of their files.
// (https://packaging.python.org/en/latest/specifications/recording-installed-packages/)
func (s *subject) winner(site string) string {
	var won []string
	for node := range s.Files.Below(strings.TrimSuffix(site, "/")) {
		if node.Facts == nil || path.Base(node.Path) != "RECORD" {
			continue
		}
		for line := range strings.Lines(node.Facts.Text) {
			f := strings.Split(strings.TrimSpace(line), ",")
			if len(f) != 3 || !strings.HasPrefix(f[0], "onnxruntime/capi/onnxruntime_pybind11_state") {
				continue
			}
			if file := s.Files.At(site + f[0]); file != nil && recorded(file, f[1], f[2]) {
				won = append(won, strings.SplitN(path.Base(path.Dir(node.Path)), "-", 2)[0])
			}
		}
	}
	if len(won) != 1 {
		return "which one was installed last is not known"
	}
	return "the files are those of " + won[0]
}

// recorded reports whether a file matches its entry in a RECORD.
func recorded(file *inventory.Node, sum, size string) bool {
	if file.Facts == nil || file.Facts.SHA256 == "" {
		return strconv.FormatInt(file.Size, 10) == size
	}
	raw, err := hex.DecodeString(file.Facts.SHA256)
	return err == nil && "sha256="+base64.RawURLEncoding.EncodeToString(raw) == sum
}

var cudaProvider = where("libonnxruntime_providers_cuda.so",
	`(site|dist)-packages/onnxruntime/capi/libonnxruntime_providers_cuda\.so$`)

// ortCUDA resolves the CUDA provider's dependencies like the dynamic loader.
func ortCUDA(s *subject) []result {
	if s.variant.Name == "" {
		return []result{unknown(notKnown)}
	}
	if !s.variant.Needs.CUDA {
		return []result{beside("the image is for CPUs")}
	}
	providers := s.matching(cudaProvider)
	if len(providers) == 0 {
		if len(s.matching(where("-packages/onnxruntime/", ``))) == 0 {
			return []result{beside("ONNX Runtime is not installed")}
		}
		return []result{fail("ONNX Runtime has no CUDA provider: background removal runs on the CPU").
			remedied("install onnxruntime-gpu instead of onnxruntime").keyed("provider")}
	}
	var list []result
	for _, provider := range providers {
		list = append(list, s.provider(provider))
	}
	return list
}

func (s *subject) provider(provider *inventory.Node) result {
	if provider.Facts == nil || len(provider.Facts.Needed) == 0 {
		return unknown("what the CUDA provider needs cannot be read from the stream; " +
			"pull the image and use --depth files").
			at(provider.Path)
	}
	dirs := s.libraryDirs(provider)
	var missing, elsewhere []string
	for _, name := range provider.Facts.Needed {
		if name == "libcuda.so.1" || s.resolves(name, dirs) { // the driver provides it
			continue
		}
		at := ""
		for _, node := range append(s.Files.Named(name), s.links(name)...) {
			at = node.Path
		}
		if at == "" {
			missing = append(missing, name+" is not in the image")
		} else {
			elsewhere = append(elsewhere, name+" is only at /"+at+", where the loader does not look")
		}
	}
	slices.Sort(missing)
	if slices.ContainsFunc(missing, func(m string) bool {
		return strings.HasPrefix(m, "libcudnn.so.9 ")
	}) && s.resolves("libcudnn.so.8", dirs) {
		missing = append(missing, "ONNX Runtime 1.19 and newer need cuDNN 9; the image has cuDNN 8")
	}
	switch {
	case len(missing) > 0:
		return fail("the CUDA provider cannot be loaded: background removal runs on the CPU").
			with(some(append(missing, elsewhere...))...).
			with(s.fileLine(provider)).at(provider.Path).keyed("missing")
	case len(elsewhere) > 0:
		return fail("the CUDA provider loads only if torch was imported before").graded(finding.Warning).
			with(some(elsewhere)...).
			at(provider.Path).keyed("elsewhere").remedied("add the directories to LD_LIBRARY_PATH")
	}
	return pass("the CUDA provider finds all %d libraries that it needs", len(provider.Facts.Needed))
}

// links returns the symbolic links with a name.
func (s *subject) links(name string) (list []*inventory.Node) {
	for node := range s.Files.All() {
		if node.Kind == inventory.Symlink && path.Base(node.Path) == name {
			list = append(list, node)
		}
	}
	return list
}

func (s *subject) resolves(name string, dirs []string) bool {
	for _, dir := range dirs {
		if node, _ := s.Files.Find(path.Join(dir, name)); node != nil && node.Kind == inventory.File {
			return true
		}
	}
	return false
}

// libraryDirs returns where the dynamic loader looks for the libraries of a file.
// (ld.so(8))
func (s *subject) libraryDirs(file *inventory.Node) []string {
	var dirs []string
	for _, dir := range file.Facts.RunPath {
		dirs = append(dirs, strings.NewReplacer("$ORIGIN", dirOf(file.Path), "${ORIGIN}", dirOf(file.Path)).
			Replace(dir))
	}
	value, _ := s.Config.Variable("LD_LIBRARY_PATH")
	dirs = append(dirs, strings.FieldsFunc(value, func(r rune) bool { return r == ':' || r == ';' })...)
	for node := range s.Files.All() {
		if !strings.HasPrefix(node.Path, "etc/ld.so.conf") || node.Facts == nil {
			continue
		}
		for line := range strings.Lines(node.Facts.Text) {
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "/") {
				dirs = append(dirs, line)
			}
		}
	}
	return append(dirs, systemDirs...)
}

// systemDirs are the directories that the loaders of common distributions search
// last.
var systemDirs = []string{"/lib", "/usr/lib", "/lib64", "/usr/lib64", "/lib/x86_64-linux-gnu",
	"/usr/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu"}

var (
	dlibModule = where("_dlib_pybind11", `(site|dist)-packages/_dlib_pybind11[^/]*\.so$`)
	blas       = regexp.MustCompile(`^lib(openblas|blas|cblas|lapack|mkl|atlas)`)
)

func dlibBLAS(s *subject) []result {
	modules := s.matching(dlibModule)
	if len(modules) == 0 {
		return []result{beside("dlib is not installed")}
	}
	var list []result
	for _, module := range modules {
		list = append(list, s.dlib(module))
	}
	return list
}

func (s *subject) dlib(module *inventory.Node) result {
	if module.Facts == nil || len(module.Facts.Needed) == 0 {
		return unknown("what dlib's module needs cannot be read").at(module.Path)
	}
	found, dirs := "", s.libraryDirs(module)
	for _, name := range module.Facts.Needed {
		if !s.resolves(name, dirs) && s.hasLoader() {
			return fail("dlib cannot be loaded: %s is not in the image", name).graded(finding.Error).
				with(s.fileLine(module)).
				at(module.Path).
				keyed(name).remedied("install the library in the last stage too")
		}
		if blas.MatchString(name) {
			found = name
		}
	}
	if found == "" {
		return unknown("dlib links to no BLAS: it has its own, or one that is linked statically; " +
			"nothing outside dlib shows which").
			with("needs " + strings.Join(module.Facts.Needed, ", "))
	}
	return pass("dlib uses %s", found)
}

// hasLoader reports whether the image has a C library in a usual place. If not,
// as in Nix images, its libraries are not in systemDirs.
func (s *subject) hasLoader() bool { return s.resolves("libc.so.6", systemDirs) }
