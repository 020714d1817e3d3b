// Package source represents a text file exactly as it is on disk, with the
// positions of its lines and characters. Byte-order marks and Windows line
// endings are kept, because an edit must preserve what it does not change.
package source

import (
	"bytes"
	"sort"
	"unicode/utf8"

	"github.com/djok/facecraft/internal/finding"
)

// File is a text with its lines.
type File struct {
	Name  string // relative to the repository, with slashes
	Data  []byte
	lines []int // where each line begins
}

// New splits a text into lines.
func New(name string, data []byte) *File {
	f := &File{Name: name, Data: data, lines: []int{0}}
	for i, b := range data {
		if b == '\n' {
			f.lines = append(f.lines, i+1)
		}
	}
	return f
}

// bom is the UTF-8 byte-order mark.
var bom = []byte("\xef\xbb\xbf")

// Start returns the offset of the text, after any byte-order mark.
func (f *File) Start() int {
	if bytes.HasPrefix(f.Data, bom) {
		return len(bom)
	}
	return 0
}

// Lines returns the number of lines. An empty one after the last line ending
// counts.
func (f *File) Lines() int { return len(f.lines) }

// LineStart returns the offset of a line's first byte. Lines count from 1.
func (f *File) LineStart(line int) int {
	switch {
	case line <= 1:
		return f.Start()
	case line > len(f.lines):
		return len(f.Data)
	}
	return f.lines[line-1]
}

// LineEnd returns the offset of a line's "\n" or "\r\n".
func (f *File) LineEnd(line int) int {
	end := len(f.Data)
	if line < len(f.lines) {
		end = f.lines[line] - 1
	}
	if end > f.LineStart(line) && f.Data[end-1] == '\r' && line < len(f.lines) {
		end--
	}
	return max(end, f.LineStart(line))
}

// Line returns a line's text without its line ending.
func (f *File) Line(line int) string { return string(f.Data[f.LineStart(line):f.LineEnd(line)]) }

// Position returns the line and the column, in characters, of an offset.
func (f *File) Position(offset int) (line, column int) {
	offset = min(max(offset, 0), len(f.Data))
	line = sort.SearchInts(f.lines, offset+1)
	start := min(f.LineStart(line), offset)
	return line, utf8.RuneCount(f.Data[start:offset]) + 1
}

// Location returns the place of the bytes between two offsets, as far as they are
// on one line.
func (f *File) Location(from, to int) finding.Location {
	line, column := f.Position(from)
	end := min(max(to, from), f.LineEnd(line))
	at := finding.Location{File: f.Name, Line: line, Column: column}
	if _, after := f.Position(end); end > from {
		at.End = after
	}
	return at
}

// Whole returns the place of a line's text, without surrounding whitespace.
func (f *File) Whole(line int) finding.Location {
	start, end := f.LineStart(line), f.LineEnd(line)
	text := f.Data[start:end]
	start += len(text) - len(bytes.TrimLeft(text, " \t"))
	end -= len(text) - len(bytes.TrimRight(text, " \t"))
	return f.Location(start, max(start, end))
}

// Newline returns the line ending of this file.
func (f *File) Newline() string {
	if len(f.lines) > 1 && f.lines[1] >= 2 && f.Data[f.lines[1]-2] == '\r' {
		return "\r\n"
	}
	return "\n"
}
