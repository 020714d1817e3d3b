package apidoc

import "strings"

// block is a piece of a description: a heading, a list, or a paragraph.
type block struct {
	Heading, Text string
	Items         []string
}

// emphasis are Markdown's marks within a line, which a plain page does not
// need.
var emphasis = strings.NewReplacer("**", "", "`", "")

// prose reads the little Markdown that schemas' descriptions use.
func prose(description string) []block {
	var blocks []block
	open := func(b block) { blocks = append(blocks, b) }
	last := func() *block { return &blocks[len(blocks)-1] }
	fresh := true // the next line begins a block
	for line := range strings.Lines(description) {
		line = emphasis.Replace(strings.TrimSpace(line))
		switch {
		case line == "":
			fresh = true
			continue
		case strings.HasPrefix(line, "#"):
			open(block{Heading: strings.TrimLeft(line, "# ")})
			fresh = true
			continue
		case strings.HasPrefix(line, "- "):
			if fresh || last().Items == nil {
				open(block{})
			}
			last().Items = append(last().Items, line[2:])
		case fresh || last().Items != nil:
			open(block{Text: line})
		default:
			last().Text += " " + line
		}
		fresh = false
	}
	return blocks
}
