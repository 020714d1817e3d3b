package verify

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/djok/facecraft/internal/inventory"
)

// siteOf returns the directory in which Python finds a file's package, with a
// trailing slash, or "".
func siteOf(file string) string {
	for _, name := range []string{"site-packages/", "dist-packages/"} {
		if at := strings.LastIndex(file, name); at == 0 || at > 0 && file[at-1] == '/' {
			return file[:at+len(name)]
		}
	}
	return ""
}

// sites returns the directories in which Python finds packages, with a trailing
// slash.
func (s *subject) sites() []string {
	var list []string
	for node := range s.Files.All() {
		site := siteOf(node.Path)
		if site != "" && !slices.Contains(list, site) {
			list = append(list, site)
		}
	}
	return list
}

// matching returns the files whose paths match.
func (s *subject) matching(p pattern) []*inventory.Node {
	var list []*inventory.Node
	for node := range s.Files.All() {
		if node.Kind == inventory.File && p.match(node.Path) {
			list = append(list, node)
		}
	}
	return list
}

// bytesOf returns the total size of files. Additional names of a file count as
// zero.
func bytesOf(nodes []*inventory.Node) (sum int64) {
	for _, n := range nodes {
		if !n.Again {
			sum += n.Size
		}
	}
	return sum
}

// distributions returns the Python packages that are installed in a site, by
// their normalized names. (PEP 503)
func (s *subject) distributions(site string) map[string]string {
	found := map[string]string{}
	for node := range s.Files.Below(strings.TrimSuffix(site, "/")) {
		name, ok := strings.CutSuffix(strings.SplitN(strings.TrimPrefix(node.Path, site), "/", 2)[0], ".dist-info")
		if !ok {
			continue
		}
		distribution, version, _ := strings.Cut(name, "-")
		found[normal(distribution)] = version
	}
	return found
}

var separators = regexp.MustCompile(`[-_.]+`)

func normal(name string) string { return separators.ReplaceAllString(strings.ToLower(name), "-") }

// origin says which layer added a file, and the instruction that created it.
func (s *subject) origin(n *inventory.Node) string { return s.layerText(n.Layer) }

func (s *subject) layerText(layer int) string {
	if layer == inventory.NoLayer {
		return ""
	}
	text := "layer " + itoa(layer+1)
	if step := s.Config.Step(layer); step != "" {
		text += ": " + short(step)
	}
	return text
}

// fileLine returns a file as evidence: its path, size and origin.
func (s *subject) fileLine(n *inventory.Node) string {
	text := "/" + n.Path + ", " + bytes(n.Size)
	if from := s.origin(n); from != "" {
		text += "; " + from
	}
	return text
}

// dirOf returns the directory of a path, with a leading slash.
func dirOf(file string) string { return "/" + path.Dir(file) }
