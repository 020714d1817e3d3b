package lint

import (
	"errors"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/source"
)

// ignores returns the ignores of the ignore file and of comments in the sources.
func (j *judge) ignores() ([]finding.Ignore, error) {
	data, err := j.Tree.Read(finding.IgnoreFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	list, err := finding.ParseIgnores(data)
	if err != nil {
		return nil, err
	}
	if len(list) > 0 {
		j.Keep(source.New(finding.IgnoreFile, data))
	}
	comments := map[string][]dockerfile.Comment{}
	for _, image := range j.Images {
		comments[image.Name] = image.Comments
	}
	for _, name := range slices.Sorted(maps.Keys(j.Sources)) {
		lines, ok := comments[name]
		if !ok {
			lines = commentsOf(j.Sources[name])
		}
		for _, comment := range lines {
			list = j.inline(list, j.Sources[name], comment)
		}
	}
	return list, nil
}

// inline adds the ignore in a comment. It covers findings about the next
// instruction or value, and about what is missing from the file.
func (j *judge) inline(list []finding.Ignore, f *source.File, comment dockerfile.Comment) []finding.Ignore {
	ignore, ok, problem := finding.ParseInline(comment.Text)
	if !ok {
		return list
	}
	at := f.Whole(comment.Line)
	if problem != "" {
		invalid := finding.Invalid(j.checks, at, problem)
		j.drafts = append(j.drafts, &draft{Finding: invalid, first: at.Line, end: at.Line})
		return list
	}
	next := comment.Line
	if isComment(f.Line(next)) {
		for next++; next < f.Lines() && (isComment(f.Line(next)) || strings.TrimSpace(f.Line(next)) == ""); next++ {
		}
	}
	ignore.At = at
	ignore.Covers = func(of finding.Finding) bool { return j.covers(of, f.Name, comment.Line, next) }
	return append(list, ignore)
}

func (j *judge) covers(of finding.Finding, file string, line, next int) bool {
	if of.Location == nil || of.Location.File != file {
		return false
	}
	return slices.ContainsFunc(j.drafts, func(f *draft) bool {
		if f.ID != of.ID || *f.Location != *of.Location {
			return false
		}
		return f.missing || f.first <= next && next <= f.end || f.first <= line && line <= f.end
	})
}

func isComment(line string) bool {
	line = strings.TrimSpace(line)
	return strings.HasPrefix(line, "#") || strings.HasPrefix(line, "<!--")
}

var commentMark = regexp.MustCompile(`(?:^|\s)(?:#+|<!--)(\s*facecraft:.*?)(?:-->|$)`)

// commentsOf returns the comments of a YAML file, an ignore file or a README that
// are addressed to facecraft.
func commentsOf(f *source.File) []dockerfile.Comment {
	if !strings.Contains(string(f.Data), "facecraft:") {
		return nil
	}
	var list []dockerfile.Comment
	for line := 1; line <= f.Lines(); line++ {
		if m := commentMark.FindStringSubmatch(f.Line(line)); m != nil {
			list = append(list, dockerfile.Comment{Line: line, Text: m[1]})
		}
	}
	return list
}
