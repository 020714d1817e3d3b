// Package apidoc renders a server's OpenAPI schema as a single page without
// external assets, so that the documentation works offline.
package apidoc

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"path"
	"strings"

	"github.com/djok/facecraft/internal/pagestyle"
)

//go:embed page.html
var source string

var layout = template.Must(template.New("docs").Funcs(template.FuncMap{"prose": prose}).Parse(source))

// Page is the documentation for one schema.
type Page struct {
	title, description, version string
	groups                      []group
}

type group struct {
	Name       string
	Operations []operation
}

type operation struct {
	Method, Path         string
	Summary, Description string
	Fields               []field
	curl                 string // with addressMark for the server's address
}

type field struct {
	Name, Kind, Default, Description string
	Required                         bool
}

// New prepares the page for an OpenAPI schema. Anything missing from the schema
// is left out of the page.
func New(schema []byte) (*Page, error) {
	var api openAPI
	if err := json.Unmarshal(schema, &api); err != nil {
		return nil, err
	}
	page := &Page{title: api.Info.Title, description: api.Info.Description, version: api.Info.Version}
	for _, p := range api.Paths {
		for _, method := range p.Value {
			page.add(method.Value.group(), api.operation(strings.ToUpper(method.Key), p.Key, method.Value))
		}
	}
	return page, nil
}

func (p *Page) add(name string, o operation) {
	for i := range p.groups {
		if p.groups[i].Name == name {
			p.groups[i].Operations = append(p.groups[i].Operations, o)
			return
		}
	}
	p.groups = append(p.groups, group{name, []operation{o}})
}

func (api *openAPI) operation(method, route string, o apiOperation) operation {
	shown := operation{Method: method, Path: route, Summary: o.Summary, Description: o.Description}
	for _, p := range o.Parameters {
		p.Schema.Description = p.Description
		shown.Fields = append(shown.Fields, newField(p.Name, p.Schema, p.Required))
	}
	ref := o.RequestBody.Content["multipart/form-data"].Schema.Ref
	body := api.Components.Schemas[path.Base(ref)]
	for _, field := range body.Properties {
		required := false
		for _, name := range body.Required {
			required = required || name == field.Key
		}
		shown.Fields = append(shown.Fields, newField(field.Key, field.Value, required))
	}
	shown.curl = curlLine(shown)
	return shown
}

func newField(name string, s apiSchema, required bool) field {
	field := field{Name: name, Kind: s.Type, Description: s.Description, Required: required}
	switch {
	case s.Format == "binary":
		field.Kind = "file"
	case s.Items != nil && s.Items.Format == "binary":
		field.Kind = "files"
	}
	if s.Default != nil {
		field.Default = fmt.Sprint(s.Default)
	}
	return field
}

// addressMark is the placeholder for the server's address in a curl command.
const addressMark = "{address}"

// curlLine returns a command for trying an operation.
func curlLine(o operation) string {
	words := []string{"curl"}
	if o.Method == http.MethodDelete {
		words = append(words, "-X DELETE")
	}
	for _, field := range o.Fields {
		switch field.Kind {
		case "file":
			words = append(words, "-F file=@photo.jpg")
		case "files":
			words = append(words, "-F files=@one.jpg -F files=@two.jpg")
		}
	}
	if strings.HasSuffix(o.Path, "/quick") || strings.Contains(o.Path, "/download/") {
		words = append(words, "-o portrait.png")
	}
	route := strings.NewReplacer("{job_id}", "JOB_ID", "{format}", "png").Replace(o.Path)
	return strings.Join(append(words, addressMark+route), " ")
}

// Place is where a page is shown.
type Place struct {
	Address string // of the server, as http://127.0.0.1:8000
	Nonce   string // of the page's script, for the Content-Security-Policy
	// Engine is the name of the server that serves the page, which then has a
	// form to try it. A page opened from a file may not talk to the server.
	Engine string
}

// Render writes the page.
func (p *Page) Render(w io.Writer, place Place) error {
	return layout.Execute(w, map[string]any{
		"Title":       p.title,
		"Description": p.description,
		"Version":     p.version,
		"Groups":      p.groups,
		"Place":       place,
		"Style":       pagestyle.CSS,
		"Curl": func(o operation) string {
			return strings.Replace(o.curl, addressMark, place.Address, 1)
		},
	})
}
