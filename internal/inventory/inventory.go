// Package inventory reads what an image consists of, wherever the image is: its
// configuration, its layers, and every file with its owner, mode, size and, for
// the few that matter, content. It neither judges nor runs anything. Images are
// untrusted, so every reader is bounded.
package inventory

import (
	"time"
)

// Depth is how deeply a reader looks.
type Depth int

// The depths. Each includes those before it, except that RunDepth reads as
// FilesDepth does.
const (
	ConfigDepth Depth = iota // configuration and manifest only
	FilesDepth               // and the files that a container sees
	LayersDepth              // and those of every layer, hidden ones too
	RunDepth                 // and what happens when the image runs
)

func (d Depth) String() string { return [...]string{"config", "files", "layers", "run"}[d] }

// Read returns how deeply an image is read for this depth.
func (d Depth) Read() Depth {
	if d == RunDepth {
		return FilesDepth
	}
	return d
}

// ParseDepth returns the depth with that name.
func ParseDepth(name string) (Depth, bool) {
	for d := ConfigDepth; d <= RunDepth; d++ {
		if d.String() == name {
			return d, true
		}
	}
	return 0, false
}

// Inventory is the content of an image.
type Inventory struct {
	Target string // as the user named it
	Tag    string // of the reference, or empty
	Digest string // of the manifest, or of the configuration if there is no manifest
	Depth  Depth  // how deeply this was read; never RunDepth
	Config Config
	Layers []Layer
	// Files is what a container sees, from FilesDepth on.
	Files Tree
	// Stored are the files of all layers, hidden ones too, at LayersDepth.
	Stored []*Stored
	// Notes list what a reader could not see, for the report.
	Notes []string
}

// Config is the relevant part of the image's configuration.
type Config struct {
	Platform   string // such as linux/amd64
	User       string
	Env        []string
	Entrypoint []string
	Cmd        []string
	StopSignal string
	Labels     map[string]string
	Exposed    []string
	Health     *Health // nil if there is none
	History    []Step
	Created    time.Time
}

// Health is the image's own health check.
type Health struct {
	Test              []string
	Interval, Timeout time.Duration // zero means the daemon's default, 30 s
	StartPeriod       time.Duration
	Retries           int // zero means the daemon's default, 3
}

// Step is an instruction that built the image.
type Step struct {
	Instruction string // as in the history
	Layer       int    // index of the layer it created, or NoLayer
}

// NoLayer means that there is no layer, or that it is unknown.
const NoLayer = -1

// Layer is one layer of an image.
type Layer struct {
	DiffID string
	Digest string // of the packed layer, if there is one
	// Size is the sum of its files' sizes, Packed what a registry transfers, in
	// bytes; UnknownSize if unknown.
	Size, Packed int64
	Entries      []Entry // at LayersDepth
}

// UnknownSize means that the size was not measured.
const UnknownSize = -1

// Kind is the type of an entry.
type Kind byte

// The kinds of entries. A Whiteout removes a path of the layers below; an Opaque
// hides everything that a directory contains there.
const (
	File     Kind = 'f'
	Dir      Kind = 'd'
	Symlink  Kind = 'l'
	HardLink Kind = 'h'
	Device   Kind = 'c'
	Pipe     Kind = 'p'
	Whiteout Kind = 'w'
	Opaque   Kind = 'o'
)

// Entry is a file of a layer, or of what a container sees.
type Entry struct {
	Path     string // relative to the root, without a leading slash
	Kind     Kind
	Mode     uint32 // permissions with setuid (04000), setgid and sticky
	UID, GID int
	Size     int64  // of a File, in bytes
	Link     string // target of a Symlink as written, of a HardLink as a Path
	// Sum is a hash that tells files of equal size apart; zero if not computed.
	Sum   uint64
	Facts *Facts // of the few files that matter
}

// Step returns the instruction that created a layer, or "".
func (c Config) Step(layer int) string {
	for _, step := range c.History {
		if step.Layer == layer && layer != NoLayer {
			return step.Instruction
		}
	}
	return ""
}

// Size returns the sum of the layers in bytes, or UnknownSize if one is unknown.
func (i Inventory) Size() int64 {
	var sum int64
	for _, layer := range i.Layers {
		if layer.Size == UnknownSize {
			return UnknownSize
		}
		sum += layer.Size
	}
	return sum
}
