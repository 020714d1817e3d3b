package doctor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Person identifies the user; none of it may appear in a public report.
type Person struct {
	Home string // directory
	User string // name
	Host string // name of the computer
}

// Variable is an environment variable that could matter.
type Variable struct{ Name, Value string }

// Bundle is the report for a bug tracker: the screen, the environment and all
// facts, without personal data and secrets.
func (r Report) Bundle(environment []Variable, person Person) (string, error) {
	r.Facts.Daemon.Images.Value = publicImages(r.Facts.Daemon.Images.Value)
	facts, err := encode(r)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "facecraft %s\n\n%s\n", r.Version, r.Text(80, func(_ Style, text string) string { return text }))
	if r.Plan != nil {
		fmt.Fprintf(&b, "## plan\n\n%s\n", r.Plan)
	}
	b.WriteString("## environment\n\n")
	for _, v := range environment {
		if v.Value != "" {
			fmt.Fprintf(&b, "%s=%s\n", v.Name, v.Value)
		}
	}
	fmt.Fprintf(&b, "\n## everything\n\n%s", facts)
	return person.redact(b.String()), nil
}

// publicImages keeps only the publicly known names of a list of images.
func publicImages(images []string) []string {
	var list []string
	for _, image := range images {
		if !publicImage.MatchString(image) {
			image = redacted
		}
		list = append(list, image)
	}
	return list
}

// publicImage matches this program's images and the published ones.
var publicImage = regexp.MustCompile(`^((localhost/)?facecraft-lite|(docker\.io/)?djok/facecraft):`)

// encode writes the same JSON as --json.
func encode(r Report) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(r)
	return b.Bytes(), err
}

const redacted = "<redacted>"

// secrets are recognised by their form. Redacting too much does no harm.
var secrets = []struct {
	pattern     *regexp.Regexp
	replacement string
}{
	{regexp.MustCompile(`(?s)-----BEGIN [A-Z ]+-----.*?-----END [A-Z ]+-----`), redacted},
	{regexp.MustCompile(`(://)[^\s"']*@`), "${1}" + redacted + "@"},
	{regexp.MustCompile(`(?i)(\w*(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD)\w*=)[^\s"',]+`), "${1}" + redacted},
	{regexp.MustCompile(`(?i)\b(Bearer|Basic)\s+[\w+/=.~-]{8,}`), "${1} " + redacted},
	{regexp.MustCompile(`\b(?:dckr_pat_|ghp_|gho_|github_pat_|glpat-|sk-|hf_|xox[bp]-|AKIA)[\w-]{10,}`), redacted},
	{regexp.MustCompile(`(?i)((?:/home/|/Users/|\\Users\\|\\\\Users\\\\))[^/\\\s"':,;)]+`), "${1}<user>"},
}

// redact removes what the user would not want to publish.
func (p Person) redact(text string) string {
	for _, secret := range secrets {
		text = secret.pattern.ReplaceAllString(text, secret.replacement)
	}
	escaped, err := json.Marshal(p.Home)
	if err == nil && len(p.Home) > 1 {
		text = strings.ReplaceAll(text, strings.Trim(string(escaped), `"`), "~")
		text = strings.ReplaceAll(text, p.Home, "~")
	}
	for _, name := range []struct{ name, as string }{{p.User, "<user>"}, {p.Host, "<host>"}} {
		if len(name.name) < 2 || slices.Contains([]string{"root", "localhost"}, name.name) {
			continue
		}
		whole := regexp.MustCompile(`(?i)(^|[^\pL\pN])` + regexp.QuoteMeta(name.name) + `($|[^\pL\pN])`)
		// Twice, because adjacent matches share the character between them.
		for range 2 {
			text = whole.ReplaceAllString(text, "${1}"+name.as+"${2}")
		}
	}
	return text
}
