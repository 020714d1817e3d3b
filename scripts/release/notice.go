package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// licenceFile matches the names under which modules keep what must go along
// with copies of them.
var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|copyright|notice|patents)([.-].*)?$`)

// part is a module, Go itself or what else goes into a program, with the
// directory of its licences.
type part struct{ name, dir string }

// notice writes the licences of the parts in a list, whose lines have a name
// of two words, such as a module and its version, and a directory. A text that
// several share is written once.
func notice(list string, w io.Writer) error {
	data, err := os.ReadFile(list)
	if err != nil {
		return err
	}
	names := map[string][]string{} // by text
	for _, part := range parts(string(data)) {
		texts, err := licences(part.dir)
		if err != nil {
			return err
		}
		if len(texts) == 0 {
			return fmt.Errorf("%s has no licence in %s", part.name, part.dir)
		}
		for _, text := range texts {
			names[text] = append(names[text], part.name)
		}
	}
	texts := make([]string, 0, len(names))
	for text := range names {
		texts = append(texts, text)
	}
	slices.SortFunc(texts, func(a, b string) int { return cmp.Compare(names[a][0]+a, names[b][0]+b) })
	for _, text := range texts {
		if _, err := fmt.Fprintf(w, "\n%s\n%s\n\n%s\n", strings.Repeat("-", 78), strings.Join(names[text], "\n"),
			text); err != nil {
			return err
		}
	}
	return nil
}

func parts(list string) (all []part) {
	for line := range strings.Lines(list) {
		if fields := strings.SplitN(strings.TrimSpace(line), " ", 3); len(fields) == 3 {
			all = append(all, part{name: fields[0] + " " + fields[1], dir: fields[2]})
		}
	}
	slices.SortFunc(all, func(a, b part) int { return cmp.Compare(a.name, b.name) })
	return slices.Compact(all)
}

// licences are the texts in a directory, each once.
func licences(dir string) (texts []string, err error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if !file.Type().IsRegular() || !licenceFile.MatchString(file.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, file.Name()))
		if err != nil {
			return nil, err
		}
		texts = append(texts, strings.TrimSpace(strings.ReplaceAll(string(text), "\r\n", "\n")))
	}
	slices.Sort(texts)
	return slices.Compact(texts), nil
}
