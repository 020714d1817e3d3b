// Package readme reads the commands in a Markdown text's code blocks.
package readme

import (
	"path"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"github.com/djok/facecraft/internal/lint/shell"
	"github.com/djok/facecraft/internal/lint/source"
)

// File is a README.
type File struct {
	*source.File
	Commands []Command
}

// Command is a command in a code block.
type Command struct {
	*shell.Command
	Start  int    // the offset of its script's first byte in the file
	Before string // the line above it: a comment, or the end of the text before the block
}

// Named reports whether a file has the name of a README.
func Named(file string) bool {
	base := strings.ToLower(path.Base(file))
	return strings.HasPrefix(base, "readme") && slices.Contains([]string{".md", ".markdown"}, path.Ext(base))
}

// languages are the info strings of blocks that hold commands.
var languages = []string{"", "sh", "bash", "shell", "console", "zsh", "shell-session", "terminal"}

// Parse reads a text.
func Parse(f *source.File) *File {
	file := &File{File: f}
	blocks := parser.NewParser(parser.WithBlockParsers(
		util.Prioritized(parser.NewListParser(), 300), util.Prioritized(parser.NewListItemParser(), 400),
		util.Prioritized(parser.NewCodeBlockParser(), 500), util.Prioritized(parser.NewATXHeadingParser(), 600),
		util.Prioritized(parser.NewFencedCodeBlockParser(), 700), util.Prioritized(parser.NewBlockquoteParser(), 800),
		util.Prioritized(parser.NewHTMLBlockParser(), 900), util.Prioritized(parser.NewParagraphParser(), 1000),
	))
	_ = ast.Walk(blocks.Parse(text.NewReader(f.Data)), func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		switch block := node.(type) {
		case *ast.FencedCodeBlock:
			if entering && slices.Contains(languages, strings.ToLower(string(block.Language(f.Data)))) {
				file.block(block)
			}
		case *ast.CodeBlock:
			if entering {
				file.block(block)
			}
		}
		return ast.WalkContinue, nil
	})
	return file
}

// block reads each line of a code block, joined with its continuations.
func (f *File) block(block ast.Node) {
	before := f.above(block)
	lines := block.Lines()
	for i := 0; i < lines.Len(); i++ {
		first := lines.At(i)
		last := first
		for strings.HasSuffix(strings.TrimRight(string(last.Value(f.Data)), " \r\n"), `\`) && i+1 < lines.Len() {
			i++
			last = lines.At(i)
		}
		f.command(first.Start, last.Stop, before)
		before = strings.TrimSpace(string(last.Value(f.Data)))
	}
}

func (f *File) command(start, stop int, before string) {
	script := string(f.Data[start:stop])
	if bare := strings.TrimLeft(script, " "); strings.HasPrefix(bare, "$ ") {
		start += len(script) - len(bare) + 2
		script = string(f.Data[start:stop])
	}
	commands, err := shell.Parse(strings.ReplaceAll(script, "\\\r\n", " \\\n"), shell.Options{})
	if err != nil {
		return // output, or not a shell command
	}
	for _, c := range commands {
		f.Commands = append(f.Commands, Command{c, start, before})
	}
}

// above returns the last line of the text before a block.
func (f *File) above(block ast.Node) string {
	for node := block.PreviousSibling(); node != nil; node = node.LastChild() {
		if node.Kind() == ast.KindFencedCodeBlock || node.Kind() == ast.KindCodeBlock {
			return ""
		}
		if lines := blockLines(node); lines != nil && lines.Len() > 0 {
			last := lines.At(lines.Len() - 1)
			return strings.TrimSpace(string(last.Value(f.Data)))
		}
	}
	return ""
}

// blockLines returns a block's own lines. Inline nodes have none, and panic when
// asked.
func blockLines(node ast.Node) *text.Segments {
	if node.Type() == ast.TypeInline {
		return nil
	}
	return node.Lines()
}
