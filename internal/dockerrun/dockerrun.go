// Package dockerrun renders a Plan as a `docker run` command to paste: the same
// container as from `facecraft up`.
package dockerrun

import (
	"fmt"
	"maps"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/djok/facecraft/internal/plan"
)

// Render writes one command for each container of the plan, quoted for a POSIX
// shell. The notes say what the command cannot express.
func Render(p plan.Plan, version string) (lines string, notes []string) {
	var b strings.Builder
	for _, c := range p.Containers {
		b.WriteString(Line(c, version) + "\n")
	}
	c := p.First()
	if c.Image.BuiltIn {
		notes = append(notes, fmt.Sprintf("the image %s is built by facecraft: create it with facecraft pull --tag %s",
			c.Image.Reference, c.Variant))
	}
	if c.Health.Test[0] != shellTest {
		notes = append(notes,
			"docker run cannot set a health check without a shell: the image's health check is used, with these intervals")
	}
	for _, name := range c.InheritedSecrets() {
		notes = append(notes, name+" is read from the environment of the shell that runs the command")
	}
	if len(c.Binds) > 0 {
		notes = append(notes, "the directories must exist and belong to the user "+c.User)
	}
	return b.String(), notes
}

// Line returns the command for one container.
func Line(c plan.Container, version string) string {
	var words []string
	for _, word := range args(c, version) {
		words = append(words, Quote(word))
	}
	return strings.Join(words, " ")
}

// shellTest starts a health check that runs in a shell, the only kind that
// docker run supports.
const shellTest = "CMD-SHELL"

func args(c plan.Container, version string) []string {
	words := []string{"docker", "run", "--detach", "--name", c.Name}
	flag := func(name string, format string, args ...any) {
		words = append(words, name, fmt.Sprintf(format, args...))
	}
	if c.Image.Platform != "" {
		flag("--platform", "%s", c.Image.Platform)
	}
	if c.Image.BuiltIn {
		flag("--pull", "never")
	}
	flag("--publish", "%s:%d", net.JoinHostPort(c.Publish.Address, strconv.Itoa(c.Publish.Port)), c.Publish.Container)
	for _, e := range c.Env {
		flag("--env", "%s=%s", e.Name, e.Value)
	}
	for _, name := range c.InheritedSecrets() {
		flag("--env", "%s", name)
	}
	for _, file := range c.SecretFiles() {
		flag("--env-file", "%s", file)
	}
	for _, v := range c.Volumes {
		flag("--mount", "type=volume,source=%s,target=%s,volume-label=%s=%s", v.Name, v.Target,
			plan.LabelInstance, c.Instance)
	}
	for _, b := range c.Binds {
		words = append(words, bind(b)...)
	}
	for _, path := range c.Tmpfs {
		flag("--tmpfs", "%s", path)
	}
	flag("--user", "%s", c.User)
	for _, group := range c.GroupAdd {
		flag("--group-add", "%s", group)
	}
	if c.UserNamespace != "" {
		flag("--userns", "%s", c.UserNamespace)
	}
	for _, capability := range c.CapDrop {
		flag("--cap-drop", "%s", capability)
	}
	for _, o := range c.SecurityOpt {
		flag("--security-opt", "%s", o)
	}
	if c.ReadOnly {
		words = append(words, "--read-only")
	}
	if c.Restart != "" {
		flag("--restart", "%s", c.Restart)
	}
	if c.Init {
		words = append(words, "--init")
	}
	flag("--memory", "%d", c.MemoryLimit)
	flag("--memory-swap", "%d", c.MemoryLimit) // no swap on top
	flag("--pids-limit", "%d", c.PIDsLimit)
	if c.GPUs != nil {
		flag("--gpus", "%s", gpus(*c.GPUs))
	}
	words = append(words, health(c.Health)...)
	flag("--stop-timeout", "%d", c.StopSeconds)
	flag("--log-driver", "json-file")
	flag("--log-opt", "max-size=%s", c.Log.MaxSize)
	flag("--log-opt", "max-file=%d", c.Log.MaxFiles)
	labels := c.Labels(version)
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		flag("--label", "%s=%s", name, labels[name])
	}
	return append(words, c.Image.Pinned())
}

// bind mounts an existing directory. Only --volume can relabel it for SELinux.
func bind(b plan.Bind) []string {
	if b.Relabel {
		return []string{"--volume", b.Source + ":" + b.Target + ":z"}
	}
	return []string{"--mount", "type=bind," + field("source="+b.Source) + "," + field("target="+b.Target)}
}

// field quotes a CSV field, which is how docker parses --mount and --gpus.
func field(text string) string {
	if !strings.ContainsAny(text, ",\"\n") {
		return text
	}
	return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
}

func health(h plan.Health) []string {
	var words []string
	if h.Test[0] == shellTest {
		words = append(words, "--health-cmd", h.Test[1])
	}
	return append(words,
		"--health-interval", fmt.Sprintf("%ds", h.IntervalSeconds),
		"--health-timeout", fmt.Sprintf("%ds", h.TimeoutSeconds),
		"--health-start-period", fmt.Sprintf("%ds", h.StartSeconds),
		"--health-retries", strconv.Itoa(h.Retries))
}

// gpus returns the value of --gpus.
func gpus(g plan.GPURequest) string {
	if len(g.IDs) == 0 {
		return "all"
	}
	return field("device=" + strings.Join(g.IDs, ","))
}

var harmless = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

// Quote turns text into one word for a POSIX shell. See
// https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02_02
// Invisible characters are escaped: pasted into a terminal, they would act as
// keystrokes.
func Quote(text string) string {
	if harmless.MatchString(text) {
		return text
	}
	var b strings.Builder
	b.WriteByte('\'')
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch char := text[:size]; {
		case r == '\'':
			b.WriteString(`'\''`)
		case r == '\n' || strconv.IsPrint(r) && (r != utf8.RuneError || size > 1):
			b.WriteString(char)
		default:
			b.WriteString(`'"$(printf '` + octal(char) + `')"'`)
		}
		text = text[size:]
	}
	b.WriteByte('\'')
	return b.String()
}

// octal formats bytes as octal escapes, which every printf supports.
func octal(bytes string) string {
	var b strings.Builder
	for _, c := range []byte(bytes) {
		fmt.Fprintf(&b, `\%03o`, c)
	}
	return b.String()
}
