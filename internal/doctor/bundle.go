package doctor

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// variables are the environment variables that change how facecraft behaves.
var variables = []string{
	"DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY", "DOCKER_API_VERSION",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy",
	"FACECRAFT_IMAGE", "FACECRAFT_INSTANCE", "FACECRAFT_PROFILE", "XDG_RUNTIME_DIR", "WSL_DISTRO_NAME", "TERM", "LANG",
}

// person identifies the user; none of it may appear in a public report.
type person struct {
	home string // directory
	user string // name
	host string // name of the computer
}

// Bundle is the report for a bug tracker: the screen, the environment and all
// facts, without personal data and secrets. host is the name of this computer,
// or empty if it has none.
func (r Report) Bundle(getenv func(string) string, host string) (string, error) {
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
	fmt.Fprintf(&b, "GOOS=%s\nGOARCH=%s\n", runtime.GOOS, runtime.GOARCH)
	for _, name := range variables {
		if value := getenv(name); value != "" {
			fmt.Fprintf(&b, "%s=%s\n", name, value)
		}
	}
	fmt.Fprintf(&b, "\n## everything\n\n%s", facts)
	user := person{home: cmp.Or(getenv("HOME"), getenv("USERPROFILE")), user: cmp.Or(getenv("USER"), getenv("USERNAME")),
		host: host}
	return user.redact(b.String()), nil
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
func (p person) redact(text string) string {
	for _, secret := range secrets {
		text = secret.pattern.ReplaceAllString(text, secret.replacement)
	}
	escaped, err := json.Marshal(p.home)
	if err == nil && len(p.home) > 1 {
		text = strings.ReplaceAll(text, strings.Trim(string(escaped), `"`), "~")
		text = strings.ReplaceAll(text, p.home, "~")
	}
	for _, name := range []struct{ name, as string }{{p.user, "<user>"}, {p.host, "<host>"}} {
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
