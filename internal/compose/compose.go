// Package compose renders a Plan as a commented docker-compose.yml: the same
// container as `facecraft up` creates, to keep.
package compose

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"net"
	"strconv"
	"strings"
	"text/template"

	"github.com/djok/facecraft/internal/plan"
)

//go:embed compose.yml.tmpl
var source string

var file = template.Must(template.New("docker-compose.yml").Funcs(template.FuncMap{
	"quote":  quote,
	"line":   line,
	"size":   plan.Size,
	"memory": plan.Memory,
}).Parse(source))

// Render writes the plan as a Compose file. The notes say what the file
// cannot express. The same plan and version give the same bytes.
func Render(p plan.Plan, version string) (yaml []byte, notes []string, err error) {
	var b bytes.Buffer
	err = file.Execute(&b, struct {
		plan.Plan
		Version string
		Labels  map[string]string
		Port    string
	}{p, version, p.Labels(version), portMapping(p.Publish)})
	if p.Image.BuiltIn {
		notes = append(notes, fmt.Sprintf("the image %s is made by facecraft: run facecraft pull --tag %s before docker compose up on another machine",
			p.Image.Reference, p.Variant))
	}
	return b.Bytes(), notes, err
}

// portMapping is Compose's short form, HOST_IP:HOST_PORT:CONTAINER_PORT. An
// IPv6 address stands in brackets.
func portMapping(p plan.Publish) string {
	return net.JoinHostPort(p.Address, strconv.Itoa(p.Port)) + ":" + strconv.Itoa(p.Container)
}

// line keeps a text within its comment, whatever an error's text contains.
func line(text string) string { return strings.Join(strings.Fields(text), " ") }

// quote makes a string safe as a YAML value in a Compose file: JSON's quoting
// is YAML's, and a dollar sign would begin a variable.
func quote(text string) (string, error) {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		return "", err
	}
	return strings.ReplaceAll(strings.TrimSuffix(b.String(), "\n"), "$", "$$"), nil
}
