// Package yamltree reads YAML nodes, through anchors and merge keys, and locates
// each value.
package yamltree

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/lint/source"
)

// Parse reads the first document of a file. It returns nil for an empty one.
func Parse(data []byte) (*yaml.Node, error) {
	var document yaml.Node
	err := yaml.NewDecoder(bytes.NewReader(data)).Decode(&document)
	if errors.Is(err, io.EOF) || err == nil && len(document.Content) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return Resolve(document.Content[0]), nil
}

// Resolve returns the target of an alias.
func Resolve(node *yaml.Node) *yaml.Node {
	for depth := 0; node != nil && node.Kind == yaml.AliasNode && depth < 10; depth++ {
		node = node.Alias
	}
	return node
}

// Pair is a key and its value.
type Pair struct{ Key, Value *yaml.Node }

// Pairs returns the pairs of a mapping, without its merge keys, or nil for other
// nodes.
func Pairs(node *yaml.Node) []Pair {
	node = Resolve(node)
	if node == nil || node.Kind != yaml.MappingNode {
		return nil
	}
	var pairs []Pair
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value != "<<" {
			pairs = append(pairs, Pair{node.Content[i], Resolve(node.Content[i+1])})
		}
	}
	return pairs
}

// Get returns a mapping's value, including merged ones, or nil.
func Get(node *yaml.Node, key string) *yaml.Node { return get(node, key, 0) }

// maxMerges limits merges of merges, which may go in circles.
const maxMerges = 10

func get(node *yaml.Node, key string, depth int) *yaml.Node {
	for _, pair := range Pairs(node) {
		if pair.Key.Value == key {
			return pair.Value
		}
	}
	node = Resolve(node)
	if node == nil || node.Kind != yaml.MappingNode || depth > maxMerges {
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value != "<<" {
			continue
		}
		for _, merged := range append([]*yaml.Node{node.Content[i+1]}, Items(node.Content[i+1])...) {
			if value := get(merged, key, depth+1); value != nil {
				return value
			}
		}
	}
	return nil
}

// Items returns the items of a sequence, or nil for other nodes.
func Items(node *yaml.Node) []*yaml.Node {
	node = Resolve(node)
	if node == nil || node.Kind != yaml.SequenceNode {
		return nil
	}
	items := make([]*yaml.Node, len(node.Content))
	for i, item := range node.Content {
		items[i] = Resolve(item)
	}
	return items
}

// Text returns a scalar's value, or "".
func Text(node *yaml.Node) string {
	if node = Resolve(node); node == nil || node.Kind != yaml.ScalarNode || node.Tag == "!!null" {
		return ""
	}
	return node.Value
}

// Location returns where a node begins and, for a scalar on one line, where it ends.
func Location(f *source.File, node *yaml.Node) finding.Location {
	at := f.Whole(node.Line)
	if node.Column < 1 {
		return at
	}
	at.Column = node.Column
	length := len([]rune(node.Value))
	if node.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
		length += 2
	}
	if plain := node.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0; node.Kind == yaml.ScalarNode && plain &&
		!strings.Contains(node.Value, "\n") {
		at.End = min(at.Column+length, max(at.End, at.Column+1))
	}
	return at
}
