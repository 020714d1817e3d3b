// Package report writes an HTML page that shows photos and portraits side by
// side. The page is a single file without external scripts or styles. It
// links to the images where they are, so that it stays small with ten
// thousand of them and the browser loads only those on screen.
package report

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"io"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/djok/facecraft/internal/pagestyle"
)

// Entry is one photo.
type Entry struct {
	Photo   string // its path; empty if the photo is not kept
	Name    string // the name to show
	Outcome string // as batch.Outcome
	Cause   string // of a failure, as batch.Cause
	Why     string
	Results []string // their paths
	Note    string   // what a person should know of the portrait
	Seconds float64
}

//go:embed report.html
var page []byte

// The placeholders for the style that all pages share, and for the entries.
var styleMark, dataMark = []byte("{{style}}"), []byte("{{data}}")

// item is an Entry as the page's script reads it. Names are shown only as
// text, and links are relative and escaped: no name can become markup, a
// script or an external link.
type item struct {
	Name    string   `json:"name"`
	Photo   string   `json:"photo,omitempty"`
	Outcome string   `json:"outcome"`
	Cause   string   `json:"cause,omitempty"`
	Why     string   `json:"why,omitempty"`
	Results []string `json:"results,omitempty"`
	Note    string   `json:"note,omitempty"`
	Seconds float64  `json:"seconds,omitempty"`
}

// generator marks a page as written by this program.
const generator = `<meta name="generator" content="facecraft process">`

// IsPage recognises a report by its first lines.
func IsPage(r io.Reader) bool {
	head, err := io.ReadAll(io.LimitReader(r, 4096))
	return err == nil && bytes.Contains(head, []byte(generator))
}

// Write writes the page. dir is the directory it will be in; links to images
// are relative to it.
func Write(w io.Writer, dir string, entries []Entry) error {
	data, err := render(dir, entries, time.Now())
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}

// render returns the page for a directory.
func render(dir string, entries []Entry, now time.Time) ([]byte, error) {
	base, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	items := make([]item, 0, len(entries))
	for _, e := range entries {
		i := item{Name: e.Name, Outcome: e.Outcome, Cause: e.Cause, Why: e.Why, Note: e.Note, Seconds: e.Seconds}
		if e.Photo != "" {
			i.Photo = address(base, e.Photo)
		}
		for _, result := range e.Results {
			i.Results = append(i.Results, address(base, result))
		}
		items = append(items, i)
	}
	// json.Marshal escapes <, > and &, so no text can end the script element.
	data, err := json.Marshal(struct {
		Made  string `json:"made"`
		Items []item `json:"items"`
	}{now.Format("2 January 2006, 15:04"), items})
	if err != nil {
		return nil, err
	}
	styled := bytes.Replace(page, styleMark, []byte(pagestyle.CSS), 1)
	return bytes.Replace(styled, dataMark, data, 1), nil
}

// address is a link to a file, relative to the page.
func address(base, path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		abs = path
	}
	prefix := "./"
	rel, err := filepath.Rel(base, abs)
	if err != nil { // on a different Windows drive
		prefix, rel = "file:///", abs
	}
	segments := strings.Split(filepath.ToSlash(rel), "/")
	for i, segment := range segments {
		segments[i] = url.PathEscape(segment)
	}
	return prefix + strings.Join(segments, "/")
}
