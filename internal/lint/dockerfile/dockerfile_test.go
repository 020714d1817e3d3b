package dockerfile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/lint/shell"
	"github.com/djok/facecraft/internal/lint/source"
)

func parse(t *testing.T, text string) *File {
	t.Helper()
	f, err := Parse(source.New("Dockerfile", []byte(text)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// commands shows the final stage's commands, each with its place.
func commands(f *File) string {
	var lines []string
	for _, step := range f.Final().Chain() {
		if step.Script == nil {
			continue
		}
		if step.Script.Unread != "" {
			lines = append(lines, "unread: "+step.Script.Unread)
		}
		for _, c := range step.Script.Commands {
			var words []string
			for _, w := range c.Words {
				words = append(words, strings.ReplaceAll(w.Text, shell.Unknown, "?"))
			}
			last := c.Words[len(c.Words)-1]
			at := step.Script.Location(last.From, last.To)
			lines = append(lines, fmt.Sprintf("%s @%d:%d-%d", strings.Join(words, " "), at.Line, at.Column, at.End))
		}
	}
	return strings.Join(lines, "\n")
}

func TestScripts(t *testing.T) {
	for name, row := range map[string]struct{ text, want string }{
		"continued": {"FROM a\nRUN x && \\\n  # why\n\n    y z\n", "x @2:5-6\ny z @5:7-8"},
		"windows line ends and a byte-order mark": {
			"\xef\xbb\xbfFROM a\r\nRUN x && \\\r\n    y z\r\n", "x @2:5-6\ny z @3:7-8"},
		"escape":                       {"# escape=`\nFROM a\nRUN x `\n y\n", "x y @4:2-3"},
		"mount":                        {"FROM a\nRUN --mount=type=cache,target=/c --network=none x y\n", "x y @2:51-52"},
		"exec form":                    {"FROM a\nCMD [\"x\", \"y z\"]\n", "x y z @2:1-17"},
		"here-document":                {"FROM a\nRUN <<EOF\nx y\nz\nEOF\nRUN w\n", "x y @3:3-4\nz @4:1-2\nw @6:5-6"},
		"here-document with a command": {"FROM a\nRUN x <<EOF && y\nbody\nEOF\n", "x @2:5-6\ny @2:16-17"},
		"python in a here-document":    {"FROM a\nRUN <<EOF\n#!/usr/bin/env python3\nprint()\nEOF\n", "python3 @3:1-23"},
		"variables": {
			"ARG V=1\nFROM a\nARG V\nARG W\nENV X=$V-x\nRUN x $V ${X} $W $HOME\n", "x 1 1-x ? ? @6:18-23"},
		"a parent's variables and ONBUILD": {
			"FROM a AS base\nENV X=1\nARG Y=2\nONBUILD RUN o $X\nRUN p\nFROM base\nRUN x $X $Y\n",
			"p @5:5-6\no 1 @4:15-17\nx 1 ? @7:10-12"},
		"health check": {"FROM a\nHEALTHCHECK --interval=5s \\\n  CMD curl -f http://localhost/ || exit 1\n",
			"curl -f http://localhost/ @3:15-32\nexit 1 @3:41-42"},
		"checks come first": {"# check=skip=all\nFROM a\nRUN x\n", "x @3:5-6"},
		"PowerShell":        {"FROM a\nSHELL [\"powershell\"]\nRUN x\n", "unread: its shell is none that facecraft reads"},
	} {
		if got := commands(parse(t, row.text)); got != row.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, row.want)
		}
	}
}

func TestStages(t *testing.T) {
	f := parse(t, `ARG PY=3.11
FROM python:${PY}-slim AS Base
WORKDIR /app
USER app
FROM base AS test
FROM golang AS Build
FROM nvidia/cuda:${CUDA:-12.1}-devel AS unused
FROM base
COPY --from=build /x bin/
RUN --mount=type=bind,from=2,target=/y x
`)
	if base := f.Stages[0].Base; base != "python:3.11-slim" || f.Final().Root() != base {
		t.Errorf("base %q, root %q", base, f.Final().Root())
	}
	if base := f.Stages[3].Base; base != "nvidia/cuda:12.1-devel" {
		t.Errorf("base %q", base)
	}
	var names []string
	for _, s := range f.Relevant() {
		names = append(names, s.Name)
	}
	if got := strings.Join(names, " "); got != "base build " {
		t.Errorf("relevant: %q", got)
	}
	last := f.Final().Steps[1]
	if last.User != "app" || last.Path("bin") != "/app/bin" {
		t.Errorf("user %q, path %q", last.User, last.Path("bin"))
	}
}

func TestUnknownBase(t *testing.T) {
	if base := parse(t, "ARG V\nFROM a:$V\n").Stages[0].Base; base != "a:"+shell.Unknown {
		t.Errorf("%q", base)
	}
}

// TestManyStages bounds what a file with many variables takes: a step keeps
// those that it adds.
func TestManyStages(t *testing.T) {
	if testing.Short() {
		t.Skip("measures memory, which the race detector multiplies")
	}
	var text strings.Builder
	text.WriteString("FROM a:1 AS s0\n")
	const stages = 2000
	for n := range stages {
		fmt.Fprintf(&text, "FROM s%d AS s%d\nENV A%d=%d\nARG B=%d\n", n, n+1, n, n, n)
	}
	result := testing.Benchmark(func(b *testing.B) {
		for range b.N {
			if _, err := Parse(source.New("Dockerfile", []byte(text.String()))); err != nil {
				b.Fatal(err)
			}
		}
	})
	if bytes := result.AllocedBytesPerOp(); bytes > 50<<20 {
		t.Errorf("%d MB", bytes>>20)
	}
	last := parse(t, text.String()).Final().Steps[0]
	if got := last.Expand("$A0 $A1998 $A1999 $B"); got != "0 1998 "+shell.Unknown+" "+shell.Unknown {
		t.Errorf("%q", got)
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"# syntax=docker/dockerfile:1\n# check=error=true\nFROM a AS b\n" +
			"RUN <<A <<B\nx\nA\ny\nB\nCOPY --from=0 <<X /y\nz\nX\n",
		"# escape=`\r\nARG A=${B:-c}\r\nFROM $A\r\nONBUILD RUN x `\r\n # y\r\n  z\r\nHEALTHCHECK NONE\r\nCMD [\"a\"]",
		"FROM a\nONBUILD ONBUILD RUN x", "FROM a\nHEALTHCHECK CMD", "FROM a\nRUN --mount=type=bind", "\\\nFROM a\nRUN a\\",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse(source.New("Dockerfile", data))
		if err != nil {
			return
		}
		for _, step := range file.Final().Chain() {
			step.Location()
			if step.Script == nil {
				continue
			}
			for _, c := range step.Script.Commands {
				if offset := step.Script.Offset(c.From); offset < 0 || offset > len(data) {
					t.Errorf("offset %d", offset)
				}
				step.Script.Location(c.From, c.To)
			}
		}
		file.Relevant()
	})
}
