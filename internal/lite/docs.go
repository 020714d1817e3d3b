package lite

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"path"
	"regexp"
	"strings"
)

//go:embed docs.html
var docsHTML string

var docsTemplate = template.Must(template.New("docs").Parse(docsHTML))

// docsPage is the documentation: one page without any outside asset, so that
// it works without internet.
type docsPage struct {
	title, description, version string
	groups                      []docsGroup
}

type docsGroup struct {
	Name       string
	Operations []docsOperation
}

type docsOperation struct {
	Method, Path         string
	Summary, Description string
	Fields               []docsField
	curl                 string // with its own place for the server's address
}

type docsField struct {
	Name, Kind, Default, Description string
	Required                         bool
}

// newDocsPage prepares the page of an OpenAPI schema.
func newDocsPage(schema []byte) (*docsPage, error) {
	var api openAPI
	if err := json.Unmarshal(schema, &api); err != nil {
		return nil, err
	}
	page := &docsPage{title: api.Info.Title, description: api.Info.Description, version: api.Info.Version}
	for _, p := range api.Paths {
		for _, method := range p.Value {
			page.add(method.Value.Tags[0], api.operation(strings.ToUpper(method.Key), p.Key, method.Value))
		}
	}
	return page, nil
}

func (p *docsPage) add(group string, o docsOperation) {
	for i := range p.groups {
		if p.groups[i].Name == group {
			p.groups[i].Operations = append(p.groups[i].Operations, o)
			return
		}
	}
	p.groups = append(p.groups, docsGroup{group, []docsOperation{o}})
}

func (api *openAPI) operation(method, route string, o apiOperation) docsOperation {
	shown := docsOperation{Method: method, Path: route, Summary: o.Summary, Description: o.Description}
	for _, p := range o.Parameters {
		p.Schema.Description = p.Description
		shown.Fields = append(shown.Fields, newDocsField(p.Name, p.Schema, p.Required))
	}
	ref := o.RequestBody.Content["multipart/form-data"].Schema.Ref
	body := api.Components.Schemas[path.Base(ref)]
	for _, field := range body.Properties {
		required := false
		for _, name := range body.Required {
			required = required || name == field.Key
		}
		shown.Fields = append(shown.Fields, newDocsField(field.Key, field.Value, required))
	}
	shown.curl = curlLine(shown)
	return shown
}

func newDocsField(name string, s apiSchema, required bool) docsField {
	field := docsField{Name: name, Kind: s.Type, Description: s.Description, Required: required}
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

// addressMark stands in a curl line where the server's address will be.
const addressMark = "{address}"

// curlLine is a command to try an operation with.
func curlLine(o docsOperation) string {
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

// hostPattern is what may stand in a Host header: a name or an address and a
// port. People paste the page's commands into a shell.
var hostPattern = regexp.MustCompile(`^[A-Za-z0-9.-]+(:[0-9]+)?$|^\[[0-9A-Fa-f:.]+\](:[0-9]+)?$`)

// serve writes the page with the address under which the browser reached it.
func (p *docsPage) serve(w http.ResponseWriter, r *http.Request) {
	host := r.Host
	if !hostPattern.MatchString(host) {
		host = "localhost:8000"
	}
	address := "http://" + host
	nonce := rand.Text()
	var page bytes.Buffer
	err := docsTemplate.Execute(&page, map[string]any{
		"Title":       p.title,
		"Description": p.description,
		"Version":     p.version,
		"Groups":      p.groups,
		"Address":     address,
		"Nonce":       nonce,
		"Curl": func(o docsOperation) string {
			return strings.Replace(o.curl, addressMark, address, 1)
		},
	})
	if err != nil {
		panic(err) // answered as a 500 and logged
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src blob: data:; "+
		"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; script-src 'nonce-"+nonce+"'")
	_, _ = page.WriteTo(w)
}
