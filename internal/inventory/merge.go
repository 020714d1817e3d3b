package inventory

import (
	"strings"
)

// Fate is what happened to a file that a layer added.
type Fate int

// The fates. A file that a later layer replaces with equal bytes is Rewritten, as
// chown and chmod do.
const (
	Visible Fate = iota
	Deleted
	Overwritten
	Rewritten
)

// Stored is a file's content in a layer, which is downloaded and uses disk space
// whether or not a container sees it.
type Stored struct {
	*Entry
	Layer int
	Fate  Fate
	By    int // the layer that hid it, if any
	names int // in the tree
}

// place is a node while layers are being merged.
type place struct {
	entry    *Entry
	layer    int
	content  *Stored // of a File
	children map[string]*place
}

// merger merges layers as the daemon does.
type merger struct {
	root   place
	layer  int
	stored []*Stored
	made   int // directories without an entry
}

// Merge returns the tree that a container sees, and what happened to every file
// of every layer.
func Merge(layers []Layer) (Tree, []*Stored, error) {
	m := merger{root: place{entry: &unnamedDir, layer: NoLayer}}
	for i := range layers {
		m.layer = i
		m.removals(layers[i].Entries)
		for j := range layers[i].Entries {
			m.add(&layers[i].Entries[j])
		}
	}
	if m.made > maxEntries {
		return Tree{}, nil, hostile("it has more than %d directories", maxEntries)
	}
	tree, err := m.collect()
	return tree, m.stored, err
}

// unnamedDir is a directory that contains files but has no entry.
var unnamedDir = Entry{Kind: Dir, Mode: 0o755}

// removals applies a layer's removals, which affect only lower layers, wherever
// they are in this one.
func (m *merger) removals(entries []Entry) {
	for _, e := range entries {
		parent, name := m.parent(e.Path, false)
		if parent == nil {
			continue
		}
		switch at := parent.children[name]; {
		case e.Kind == Whiteout && at != nil:
			m.hide(at, nil)
			delete(parent.children, name)
		case e.Kind == Opaque && e.Path == "":
			m.hideChildren(&m.root)
		case e.Kind == Opaque && at != nil:
			m.hideChildren(at)
		}
	}
}

func (m *merger) add(e *Entry) {
	if e.Kind == Whiteout || e.Kind == Opaque || e.Path == "" {
		return
	}
	var content *Stored
	switch e.Kind {
	case File:
		content = &Stored{Entry: e, Layer: m.layer, By: NoLayer}
		m.stored = append(m.stored, content)
	case HardLink:
		target := m.at(e.Link)
		if target == nil || target.content == nil {
			return // a link without a target, which the daemon rejects
		}
		content = target.content
	}
	parent, name := m.parent(e.Path, true)
	if parent == nil {
		if content != nil && e.Kind == File {
			content.Fate, content.By = Overwritten, m.layer // below a file, so never visible
		}
		return
	}
	old := parent.children[name]
	if old != nil && old.entry.Kind == Dir && e.Kind == Dir {
		old.entry, old.layer = e, m.layer
		return
	}
	if content != nil {
		content.names++ // before the old name is removed, which may belong to the same file
	}
	if old != nil {
		m.hide(old, content)
	}
	parent.set(name, &place{entry: e, layer: m.layer, content: content})
}

func (p *place) set(name string, child *place) {
	if p.children == nil {
		p.children = map[string]*place{}
	}
	p.children[name] = child
}

// hide hides a place and everything below it; replacement is the file that takes
// its place, if any.
func (m *merger) hide(p *place, replacement *Stored) {
	m.hideChildren(p)
	if p.content == nil {
		return
	}
	p.content.names--
	if p.content.names > 0 {
		return
	}
	p.content.By = m.layer
	switch {
	case replacement == nil:
		p.content.Fate = Deleted
	case replacement.Size == p.content.Size && replacement.Sum == p.content.Sum && replacement.Sum != 0:
		p.content.Fate = Rewritten
	default:
		p.content.Fate = Overwritten
	}
}

func (m *merger) hideChildren(p *place) {
	for _, child := range p.children {
		m.hide(child, nil)
	}
	p.children = nil
}

// parent finds the directory of a path, following links as the daemon does. If
// directories are missing, it creates them or returns nil.
func (m *merger) parent(file string, create bool) (*place, string) {
	dir, name := "", file
	if i := strings.LastIndexByte(file, '/'); i >= 0 {
		dir, name = file[:i], file[i+1:]
	}
	return m.descend(dir, create), name
}

func (m *merger) at(file string) *place {
	parent, name := m.parent(file, false)
	if parent == nil {
		return nil
	}
	return parent.children[name]
}

func (m *merger) descend(dir string, create bool) *place {
	trail := []*place{&m.root}
	rest := strings.Split(dir, "/")
	for links := 0; len(rest) > 0; {
		name := rest[0]
		rest = rest[1:]
		here := trail[len(trail)-1]
		switch name {
		case "", ".":
			continue
		case "..":
			trail = trail[:max(1, len(trail)-1)]
			continue
		}
		next := here.children[name]
		switch {
		case next == nil && !create:
			return nil
		case next == nil:
			if m.made++; m.made > maxEntries {
				return nil
			}
			next = &place{entry: &unnamedDir, layer: m.layer}
			here.set(name, next)
		case next.entry.Kind == Symlink:
			if links++; links > maxLinks {
				return nil
			}
			if strings.HasPrefix(next.entry.Link, "/") {
				trail = trail[:1]
			}
			rest = append(strings.Split(next.entry.Link, "/"), rest...)
			continue
		case next.entry.Kind != Dir:
			return nil
		}
		trail = append(trail, next)
	}
	return trail[len(trail)-1]
}

// collect turns the places into nodes.
func (m *merger) collect() (Tree, error) {
	type step struct {
		at   *place
		path string
	}
	nodes, counted, bytes := map[string]*Node{}, map[*Stored]bool{}, 0
	for work := []step{{&m.root, ""}}; len(work) > 0; {
		here := work[len(work)-1]
		work = work[:len(work)-1]
		if bytes += len(here.path); bytes > maxPaths {
			return Tree{}, errPaths
		}
		if here.path != "" {
			nodes[here.path] = here.at.node(here.path)
		}
		for name, child := range here.at.children {
			work = append(work, step{child, strings.TrimPrefix(here.path+"/"+name, "/")})
		}
	}
	// A file counts under its own name or, if that is gone, under its first link, which
	// is the same one every time.
	tree := treeOf(nodes)
	for _, kind := range []Kind{File, HardLink} {
		for node := range tree.All() {
			if at := m.at(node.Path); at.content != nil && at.entry.Kind == kind {
				node.Again, counted[at.content] = counted[at.content], true
			}
		}
	}
	return tree, nil
}

func (p *place) node(file string) *Node {
	node := &Node{Entry: *p.entry, Layer: p.layer}
	if p.content != nil {
		if p.entry.Kind == HardLink {
			node.be(*p.content.Entry)
		}
		node.Layer = p.content.Layer
	}
	node.Path = file
	return node
}
