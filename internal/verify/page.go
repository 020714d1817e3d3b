package verify

import (
	_ "embed"
	"html/template"
	"io"
	"strings"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/pagestyle"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"bytes":  format.Size,
	"mark":   func(f finding.Finding) string { return markOf(f).sign },
	"class":  classOf,
	"counts": Summary,
	"style":  func() template.CSS { return pagestyle.CSS },
}).Parse(pageText))

// classOf returns the CSS class of a finding.
func classOf(f finding.Finding) string {
	switch {
	case f.Suppressed != nil:
		return "ignored"
	case f.Status == finding.Fail:
		return string(f.Severity)
	case f.Status == finding.NotApplicable:
		return "na"
	}
	return string(f.Status)
}

// group is a section of the page.
type group struct {
	Name     string
	Findings []finding.Finding
}

// part is a cause on the page.
type part struct {
	Cause   Cause
	Bytes   int64
	Percent float64
	Hue     int
}

// HTML writes the report as a single self-contained page.
func (r Report) HTML(w io.Writer) error {
	data := struct {
		Report
		Groups []group
		Parts  []part
	}{Report: r}
	for _, name := range finding.Groups {
		g := group{Name: name}
		for _, f := range r.Findings {
			if f.Group == name && f.Status != finding.NotApplicable {
				g.Findings = append(g.Findings, f)
			}
		}
		if len(g.Findings) > 0 {
			data.Groups = append(data.Groups, g)
		}
	}
	for i, cause := range AllCauses {
		if n := r.Size.Causes[cause]; n > 0 && r.Size.Total > 0 {
			data.Parts = append(data.Parts, part{cause, n, 100 * float64(n) / float64(r.Size.Total), hues[i]})
		}
	}
	return page.Execute(w, data)
}

// hues are the colours of the causes; hidden bytes are red.
var hues = []int{210, 275, 300, 190, 220, 150, 60, 40, 100, 25, 12, 4, 0, 0}

// pageMark is in every page, so that earlier pages can be recognised.
const pageMark = `<meta name="generator" content="facecraft verify">`

// IsPage recognises a page that HTML wrote.
func IsPage(r io.Reader) bool {
	head := make([]byte, 512)
	n, _ := io.ReadFull(r, head)
	return strings.Contains(string(head[:n]), pageMark)
}
