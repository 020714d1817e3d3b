package apidoc

import "strings"

// block is one part of a description: a heading, a list or a paragraph.
type block struct {
	Heading, Text string
	Items         []string
}

// emphasis removes inline Markdown, which a plain page does not need.
var emphasis = strings.NewReplacer("**", "", "`", "")

// prose parses the subset of Markdown found in schema descriptions.
func prose(description string) []block {
	var blocks []block
	open := func(b block) { blocks = append(blocks, b) }
	last := func() *block { return &blocks[len(blocks)-1] }
	fresh := true // the next line starts a new block
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
