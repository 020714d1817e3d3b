package tree

import (
	"bytes"
	"path"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// Context is a build context: a directory, and what is excluded from it.
type Context struct {
	Dir        string // in the tree
	IgnoreFile string // the one that is used, or would be
	Exists     bool   // whether IgnoreFile exists
	matcher    *patternmatcher.PatternMatcher
}

// Context reads the ignore file of a build: the one next to the Dockerfile, or
// that of the directory. An error says why it is unknown.
func (t *Tree) Context(dir, dockerfile string) (Context, error) {
	c := Context{Dir: dir, IgnoreFile: path.Join(dir, ".dockerignore")}
	if t.OnDisk(dockerfile + ".dockerignore") {
		c.IgnoreFile = dockerfile + ".dockerignore"
	}
	if !t.OnDisk(c.IgnoreFile) {
		return c, nil
	}
	c.Exists = true
	data, err := t.Read(c.IgnoreFile)
	if err != nil {
		return c, err
	}
	patterns, err := ignorefile.ReadAll(bytes.NewReader(data))
	if err != nil {
		return c, err
	}
	c.matcher, err = patternmatcher.New(patterns)
	return c, err
}

// Excludes reports whether a path is excluded from the context.
func (c Context) Excludes(name string) bool {
	if c.matcher == nil {
		return false
	}
	excluded, err := c.matcher.MatchesOrParentMatches(name)
	return err == nil && excluded
}
