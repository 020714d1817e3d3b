package inventory

import (
	"strings"
)

// Fate is what became of a file that a layer brought.
type Fate int

// The fates. A file that a later layer replaces by one with the same bytes was
// Rewritten, as chown and chmod do it.
const (
	Visible Fate = iota
	Deleted
	Overwritten
	Rewritten
)

// Stored is a file's content in a layer, which is transferred and takes disk
// whether or not a container sees it.
type Stored struct {
	*Entry
	Layer int
	Fate  Fate
	By    int // the layer that hid it, where one did
	names int // in the tree
}

// place is a node while layers are laid over each other.
type place struct {
	entry    *Entry
	layer    int
	content  *Stored // of a File
	children map[string]*place
}

// merger lays layers over each other, as the daemon does.
type merger struct {
	root   place
	layer  int
	stored []*Stored
	made   int // directories that no entry names
}

// Merge makes the tree that a container sees, and tells of every file of every
// layer what became of it.
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

// unnamedDir is a directory that layers put files into and do not name.
var unnamedDir = Entry{Kind: Dir, Mode: 0o755}

// removals concern the layers below only, wherever in the layer they stand.
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
			return // a link to nothing, which the daemon refuses
		}
		content = target.content
	}
	parent, name := m.parent(e.Path, true)
	if parent == nil {
		if content != nil && e.Kind == File {
			content.Fate, content.By = Overwritten, m.layer // below a file: nobody sees it
		}
		return
	}
	old := parent.children[name]
	if old != nil && old.entry.Kind == Dir && e.Kind == Dir {
		old.entry, old.layer = e, m.layer
		return
	}
	if content != nil {
		content.names++ // before the old name goes, which may be of the same file
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

// hide takes a place and all below it out of sight, in favour of a file if one
// takes its place.
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

// parent finds the directory that holds a path, through links as the daemon
// does. With missing directories it is nil, unless they are to be made.
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

// collect makes nodes of the places.
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
	// A file's own name counts, and where that is gone, its first link: the
	// same one every time.
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
