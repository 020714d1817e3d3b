package lint

import (
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/shell"
)

// download is one file that a step gets from the network.
type download struct {
	step     *dockerfile.Step
	cmd      *shell.Command // nil for ADD
	url      string         // "" when it is not known
	file     string         // where it is written, as the command says it; "" for a pipe
	names    []string       // base names under which the file is known later
	insecure *shell.Word    // the option that turns the certificate's check off
	library  string         // the call that downloads, for a library's
	sink     string         // the command that a pipe feeds
}

// downloads are those of a step.
func downloads(step *dockerfile.Step) []*download {
	if add, ok := step.Command.(*instructions.AddCommand); ok {
		return added(step, add)
	}
	if _, ok := step.Command.(*instructions.RunCommand); !ok || step.Script == nil {
		return nil
	}
	var list []*download
	for _, c := range step.Script.Commands {
		d := fetched(c)
		if d == nil {
			continue
		}
		d.step, d.cmd = step, c
		d.follow()
		if !d.trusted() {
			list = append(list, d)
		}
	}
	return list
}

func added(step *dockerfile.Step, add *instructions.AddCommand) []*download {
	var list []*download
	for _, name := range add.SourcePaths {
		address := step.Expand(name)
		if !strings.HasPrefix(address, "http://") && !strings.HasPrefix(address, "https://") || strings.Contains(address, ".git") || add.Checksum != "" {
			continue
		}
		d := &download{step: step, url: address, file: baseOfURL(address)}
		d.names = []string{d.file}
		if !d.trusted() {
			list = append(list, d)
		}
	}
	return list
}

// fetched reads a command that downloads a file, or gives nil.
func fetched(c *shell.Command) *download {
	switch c.Name() {
	case "wget":
		return wget(c)
	case "curl":
		return curl(c)
	case "aria2c":
		return aria(c)
	case "gdown":
		return &download{library: "gdown", names: outputs(c, "-O", "--output")}
	case "hf", "huggingface-cli":
		if c.Has("download") && !pinnedRevision(c) {
			return &download{library: c.Name() + " download", names: lastNames(c)}
		}
	}
	return library(c)
}

// flags goes through a command's options: short ones may be joined, and those
// named take a value.
func flags(c *shell.Command, valued string, long []string, see func(name, value string, word shell.Word)) (rest []shell.Word) {
	args := c.Args()
	for n := 0; n < len(args); n++ {
		word := args[n]
		next := func() string {
			if n+1 < len(args) {
				n++
				return args[n].Text
			}
			return ""
		}
		switch text := word.Text; {
		case strings.HasPrefix(text, "--"):
			name, value, joined := strings.Cut(text, "=")
			if !joined && slices.Contains(long, name) {
				value = next()
			}
			see(name, value, word)
		case len(text) > 1 && text[0] == '-':
			for k := 1; k < len(text); k++ {
				value := ""
				if strings.IndexByte(valued, text[k]) >= 0 {
					if value = text[k+1:]; value == "" {
						value = next()
					}
				}
				see("-"+text[k:k+1], value, word)
				if value != "" {
					break
				}
			}
		default:
			rest = append(rest, word)
		}
	}
	return rest
}

var wgetLong = []string{"--output-document", "--directory-prefix", "--header", "--user-agent", "--tries", "--timeout", "--user", "--password", "--post-data", "--input-file", "--referer", "--waitretry", "--wait"}

func wget(c *shell.Command) *download {
	d := &download{}
	dir, out, skip := "", "", false
	rest := flags(c, "OPtTiUwaoQ", wgetLong, func(name, value string, word shell.Word) {
		switch name {
		case "-O", "--output-document":
			out = value
		case "-P", "--directory-prefix":
			dir = value
		case "--no-check-certificate":
			d.insecure = &word
		case "--spider", "--post-data", "-i", "--input-file":
			skip = true
		}
	})
	if len(rest) == 0 || skip || out == "/dev/null" || c.Captured {
		return nil
	}
	d.url = rest[0].Text
	switch {
	case out == "-" && c.Output != nil:
		d.file = c.Output.Text
	case out == "-":
		if c.Pipeline == 0 {
			return nil // it is only shown
		}
	case out != "":
		d.file = out
	default:
		d.file = path.Join(dir, baseOfURL(d.url))
	}
	return d.local()
}

var curlLong = []string{
	"--output", "--header", "--request", "--user", "--user-agent", "--retry", "--retry-delay", "--connect-timeout", "--max-time", "--data", "--data-binary",
	"--data-raw", "--form", "--upload-file", "--url", "--proto", "--cacert", "--proxy", "--cookie", "--referer", "--retry-max-time", "--write-out", "--output-dir", "--resolve",
}

func curl(c *shell.Command) *download {
	d := &download{}
	remote, sends := false, false
	dir := ""
	rest := flags(c, "oHXuAmdFTbcewxKrE", curlLong, func(name, value string, word shell.Word) {
		switch name {
		case "-o", "--output":
			d.file = value
		case "-O", "--remote-name", "--remote-name-all":
			remote = true
		case "--output-dir":
			dir = value
		case "-k", "--insecure":
			d.insecure = &word
		case "--url":
			d.url = value
		case "-d", "--data", "--data-binary", "--data-raw", "-F", "--form", "-T", "--upload-file", "-I", "--head":
			sends = true
		case "-X", "--request":
			sends = sends || value != "GET"
		}
	})
	if len(rest) > 0 {
		d.url = rest[0].Text
	}
	if d.url == "" || sends || d.file == "/dev/null" || c.Captured {
		return nil
	}
	switch {
	case remote:
		d.file = path.Join(dir, baseOfURL(d.url))
	case d.file == "" && c.Output != nil:
		d.file = c.Output.Text
	case d.file == "" && c.Pipeline == 0:
		return nil // it is only shown
	}
	return d.local()
}

func aria(c *shell.Command) *download {
	d := &download{}
	dir, out := "", ""
	rest := flags(c, "odxsjk", []string{"--out", "--dir"}, func(name, value string, _ shell.Word) {
		switch name {
		case "-o", "--out":
			out = value
		case "-d", "--dir":
			dir = value
		}
	})
	if len(rest) == 0 {
		return nil
	}
	if d.url = rest[0].Text; out == "" {
		out = baseOfURL(d.url)
	}
	d.file = path.Join(dir, out)
	return d.local()
}

// local leaves out what comes from the machine itself.
func (d *download) local() *download {
	if u, err := url.Parse(d.url); err == nil {
		switch u.Hostname() {
		case "localhost", "127.0.0.1", "0.0.0.0", "::1":
			return nil
		}
		if u.Scheme == "file" {
			return nil
		}
	}
	if d.file == "/dev/stdout" {
		d.file = ""
	}
	return d
}

func baseOfURL(address string) string {
	address, _, _ = strings.Cut(address, "?")
	address, _, _ = strings.Cut(address, "#")
	return path.Base(address)
}

// calls are those of libraries that download weights.
var calls = regexp.MustCompile(`\b(new_session|hf_hub_download|snapshot_download|from_pretrained|torch\.hub\.load|load_file_from_url|urlretrieve|load_state_dict_from_url|whisper\.load_model|download_models|download_url_to_file)\s*\(`)

var revision = regexp.MustCompile(`\b[0-9a-f]{40}\b`)

// library reads Python code on the command line.
func library(c *shell.Command) *download {
	if !strings.HasPrefix(c.Name(), "python") {
		return nil
	}
	code := c.Input
	for n, arg := range c.Args() {
		if arg.Text == "-c" && n+1 < len(c.Args()) {
			code = c.Args()[n+1].Text
		}
	}
	m := calls.FindStringSubmatch(code)
	if m == nil || revision.MatchString(code) {
		return nil
	}
	d := &download{library: m[1] + "()"}
	for _, name := range regexp.MustCompile(`['"]([\w.-]+)['"]`).FindAllStringSubmatch(code, -1) {
		d.names = append(d.names, name[1], name[1]+".onnx")
	}
	return d
}

func pinnedRevision(c *shell.Command) bool {
	for _, arg := range c.Args() {
		if revision.MatchString(arg.Text) {
			return true
		}
	}
	return false
}

func lastNames(c *shell.Command) []string {
	var names []string
	for _, arg := range c.Args() {
		if isModel(arg.Text) {
			names = append(names, path.Base(arg.Text))
		}
	}
	return names
}

func outputs(c *shell.Command, options ...string) []string {
	for n, arg := range c.Args() {
		if slices.Contains(options, arg.Text) && n+1 < len(c.Args()) {
			return []string{path.Base(c.Args()[n+1].Text)}
		}
	}
	return nil
}
