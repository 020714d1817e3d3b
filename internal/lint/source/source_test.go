package source

import (
	"bytes"
	"testing"
)

func TestPositions(t *testing.T) {
	f := New("f", []byte("\xef\xbb\xbfFROM ä\r\nRUN x\n"))
	if got := f.Line(1); got != "FROM ä" {
		t.Errorf("line 1 is %q", got)
	}
	if got := f.Line(2); got != "RUN x" || f.Lines() != 3 || f.Line(3) != "" {
		t.Errorf("line 2 is %q of %d", got, f.Lines())
	}
	if line, column := f.Position(f.LineStart(2) + 4); line != 2 || column != 5 {
		t.Errorf("%d:%d", line, column)
	}
	if at := f.Location(f.LineStart(1)+5, len(f.Data)); at.Line != 1 || at.Column != 6 || at.End != 7 {
		t.Errorf("%+v", at)
	}
	if f.Newline() != "\r\n" || New("", []byte("a\nb\r\n")).Newline() != "\n" {
		t.Error("line ends")
	}
}

func TestApply(t *testing.T) {
	got, left := Apply([]byte("abcdef"),
		[]Edit{{From: 4, To: 5, New: "E"}, {From: 1, To: 3, New: ""}, {From: 2, To: 4, New: "x"}, {From: 4, To: 5, New: "E"}})
	if string(got) != "adEf" || left != 1 {
		t.Errorf("%q, %d left out", got, left)
	}
}

func FuzzSource(f *testing.F) {
	f.Add([]byte("\xef\xbb\xbfa\r\nb"), 3, 5)
	f.Fuzz(func(t *testing.T, data []byte, from, to int) {
		file := New("f", data)
		var lines []byte
		for line := 1; line <= file.Lines(); line++ {
			lines = append(lines, file.Line(line)...)
		}
		if len(lines) > len(data) {
			t.Errorf("%q has the lines %q", data, lines)
		}
		file.Location(from, to)
		if line, column := file.Position(from); line < 1 || column < 1 {
			t.Errorf("%d:%d", line, column)
		}
		if same, _ := Apply(data, []Edit{{From: from, To: from}}); !bytes.Equal(same, data) {
			t.Errorf("%q became %q", data, same)
		}
	})
}
