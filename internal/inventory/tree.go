package inventory

import (
	"iter"
	"maps"
	"path"
	"slices"
	"strings"
)

// Node is a file as a container sees it.
type Node struct {
	Entry
	Layer int // that it comes from; NoLayer if unknown
	// Again marks another name of a file that was already counted.
	Again bool
}

// Tree is the file tree that a container sees. The zero value is empty.
type Tree struct {
	nodes map[string]*Node
	paths []string // in order
}

// NewTree makes a tree from the files seen in a container.
func NewTree(entries []Entry) Tree {
	nodes := make(map[string]*Node, len(entries))
	for _, e := range entries {
		nodes[e.Path] = &Node{Entry: e, Layer: NoLayer}
	}
	for _, node := range nodes {
		if target := nodes[node.Link]; node.Kind == HardLink && target != nil && target.Kind == File {
			node.be(target.Entry)
		}
	}
	return treeOf(nodes)
}

// be turns the node into another name of a file.
func (n *Node) be(target Entry) {
	n.Kind, n.Size, n.Sum, n.Facts, n.Again = File, target.Size, target.Sum, target.Facts, true
	n.Mode, n.UID, n.GID, n.Link = target.Mode, target.UID, target.GID, target.Path
}

func treeOf(nodes map[string]*Node) Tree {
	return Tree{nodes: nodes, paths: slices.Sorted(maps.Keys(nodes))}
}

// Len returns the number of files, including directories.
func (t Tree) Len() int { return len(t.paths) }

// All returns the nodes in the order of their paths.
func (t Tree) All() iter.Seq[*Node] {
	return func(yield func(*Node) bool) {
		for _, file := range t.paths {
			if !yield(t.nodes[file]) {
				return
			}
		}
	}
}

// Below returns the nodes below a directory.
func (t Tree) Below(dir string) iter.Seq[*Node] {
	return func(yield func(*Node) bool) {
		from, _ := slices.BinarySearch(t.paths, dir+"/")
		for _, file := range t.paths[from:] {
			if !strings.HasPrefix(file, dir+"/") || !yield(t.nodes[file]) {
				return
			}
		}
	}
}

// Size returns the sum of the files' sizes, in bytes. Files with several names
// count once.
func (t Tree) Size() (sum int64) {
	for _, node := range t.nodes {
		if node.Kind == File && !node.Again {
			sum += node.Size
		}
	}
	return sum
}

// At returns the node of a path without following links.
func (t Tree) At(file string) *Node { return t.nodes[strings.Trim(file, "/")] }

// maxLinks is how many links Linux follows in one path.
const maxLinks = 40

// Find follows links as the kernel does. The trail lists the directories on the
// way, which must be searchable.
func (t Tree) Find(file string) (node *Node, trail []*Node) {
	rest := strings.Split(strings.Trim(path.Clean("/"+file), "/"), "/")
	at, links := "", 0
	for len(rest) > 0 {
		name := rest[0]
		rest = rest[1:]
		switch name {
		case "", ".":
			continue
		case "..":
			at = strings.TrimPrefix(path.Dir("/"+at), "/")
			continue
		}
		next := strings.TrimPrefix(at+"/"+name, "/")
		node = t.nodes[next]
		switch {
		case node == nil:
			return nil, trail
		case node.Kind == Symlink:
			if links++; links > maxLinks {
				return nil, trail
			}
			if strings.HasPrefix(node.Link, "/") {
				at = ""
			}
			rest = append(strings.Split(node.Link, "/"), rest...)
			continue
		case node.Kind == Dir:
			trail = append(trail, node)
		case len(rest) > 0:
			return nil, trail // a file in place of a directory
		}
		at = next
	}
	return t.nodes[at], trail
}

// Named returns the files with a name, in the order of their paths.
func (t Tree) Named(name string) []*Node {
	var found []*Node
	for node := range t.All() {
		if node.Kind == File && path.Base(node.Path) == name {
			found = append(found, node)
		}
	}
	return found
}
