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

// Render writes one command for each container of the plan, and before them one for
// their network if they have one, quoted for a POSIX shell. The notes say what the
// commands cannot express.
func Render(p plan.Plan, version string) (lines string, notes []string) {
	var b strings.Builder
	if network := p.First().Network; network != "" {
		fmt.Fprintf(&b, "docker network create --label %s=%s --label %s=%s %s\n", plan.LabelInstance, p.First().Instance,
			plan.LabelRole, plan.RoleGateway, network)
	}
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
	if g := p.Gateway(); g != nil {
		notes = append(notes, gatewayNotes(*g)...)
	}
	return b.String(), notes
}

func gatewayNotes(g plan.Container) (notes []string) {
	if g.Image.BuiltIn {
		notes = append(notes, fmt.Sprintf("the gateway's image %s is built by facecraft: create it with facecraft pull "+
			"--tag lite, or on another machine push it with facecraft push REF and name it with --gateway-image",
			g.Image.Reference))
	}
	if g.KeyFile != "" {
		notes = append(notes, keysVariable+" is the absolute path of a file of API keys, one per line, that the user "+
			g.User+" can read")
	}
	return notes
}

// keysVariable is set in the shell that runs the commands.
const keysVariable = "FACECRAFT_API_KEY_FILE"

// keyMount mounts the API keys. It is not quoted as the other words: the shell fills
// the path in.
func keyMount(c plan.Container) string {
	return fmt.Sprintf("type=bind,source=${%s:?},target=%s,readonly", keysVariable, c.KeyFile)
}

// Line returns the command for one container.
func Line(c plan.Container, version string) string {
	var words []string
	for _, word := range args(c, version) {
		if c.KeyFile != "" && word == keyMount(c) {
			words = append(words, `"`+word+`"`)
			continue
		}
		words = append(words, Quote(word))
	}
	return strings.Join(words, " ")
}

// shellTest starts a health check that runs in a shell, the only kind that
// docker run supports.
const shellTest = "CMD-SHELL"

func args(c plan.Container, version string) []string {
	w := words{"docker", "run", "--detach", "--name", c.Name}
	if c.Image.Platform != "" {
		w.flag("--platform", "%s", c.Image.Platform)
	}
	if c.Image.BuiltIn {
		w.flag("--pull", "never")
	}
	w.network(c)
	w.files(c)
	w.limits(c)
	if c.Role == plan.RoleGateway {
		w = append(w, "--no-healthcheck") // the image's is for a server
	} else {
		w = append(w, health(c.Health)...)
	}
	w.flag("--stop-timeout", "%d", c.StopSeconds)
	w.flag("--log-driver", "json-file")
	w.flag("--log-opt", "max-size=%s", c.Log.MaxSize)
	w.flag("--log-opt", "max-file=%d", c.Log.MaxFiles)
	labels := c.Labels(version)
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		w.flag("--label", "%s=%s", name, labels[name])
	}
	return append(append(w, c.Image.Pinned()), c.Args...)
}

// words are a command under construction.
type words []string

func (w *words) flag(name string, format string, args ...any) {
	*w = append(*w, name, fmt.Sprintf(format, args...))
}

// network adds where the container is reached, and its environment.
func (w *words) network(c plan.Container) {
	if c.Network != "" {
		w.flag("--network", "%s", c.Network)
	}
	if !c.Publish.Nowhere() {
		w.flag("--publish", "%s:%d", net.JoinHostPort(c.Publish.Address, strconv.Itoa(c.Publish.Port)), c.Publish.Container)
	}
	for _, e := range c.Env {
		w.flag("--env", "%s=%s", e.Name, e.Value)
	}
	for _, name := range c.InheritedSecrets() {
		w.flag("--env", "%s", name)
	}
	for _, file := range c.SecretFiles() {
		w.flag("--env-file", "%s", file)
	}
}

func (w *words) files(c plan.Container) {
	for _, v := range c.Volumes {
		w.flag("--mount", "type=volume,source=%s,target=%s,volume-label=%s=%s", v.Name, v.Target,
			plan.LabelInstance, c.Instance)
	}
	for _, b := range c.Binds {
		*w = append(*w, bind(b)...)
	}
	if c.KeyFile != "" {
		w.flag("--mount", "%s", keyMount(c))
	}
	for _, path := range c.Tmpfs {
		w.flag("--tmpfs", "%s", path)
	}
}

// limits adds what the container may do and use.
func (w *words) limits(c plan.Container) {
	w.flag("--user", "%s", c.User)
	for _, group := range c.GroupAdd {
		w.flag("--group-add", "%s", group)
	}
	if c.UserNamespace != "" {
		w.flag("--userns", "%s", c.UserNamespace)
	}
	for _, capability := range c.CapDrop {
		w.flag("--cap-drop", "%s", capability)
	}
	for _, o := range c.SecurityOpt {
		w.flag("--security-opt", "%s", o)
	}
	if c.ReadOnly {
		*w = append(*w, "--read-only")
	}
	if c.Restart != "" {
		w.flag("--restart", "%s", c.Restart)
	}
	if c.Init {
		*w = append(*w, "--init")
	}
	w.flag("--memory", "%d", c.MemoryLimit)
	w.flag("--memory-swap", "%d", c.MemoryLimit) // no swap on top
	w.flag("--pids-limit", "%d", c.PIDsLimit)
	if c.GPUs != nil {
		w.flag("--gpus", "%s", gpus(*c.GPUs))
	}
}

// bind mounts an existing directory. Only --volume can relabel it for SELinux.
func bind(b plan.Bind) []string {
	options, mode := ":z", ""
	if b.ReadOnly {
		options, mode = ":z,ro", ",readonly"
	}
	if b.Relabel {
		return []string{"--volume", b.Source + ":" + b.Target + options}
	}
	return []string{"--mount", "type=bind," + field("source="+b.Source) + "," + field("target="+b.Target) + mode}
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
