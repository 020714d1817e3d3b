// Package download finds what the steps of a Dockerfile download, and whether
// the files are checked against a checksum.
package download

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

// Download is one file that a step gets from the network.
type Download struct {
	Step     *dockerfile.Step
	Cmd      *shell.Command // nil for ADD
	URL      string         // "" if unknown
	file     string         // the output path as in the command; "" for a pipe
	names    []string       // base names under which the file is known later
	Insecure *shell.Word    // the option that disables certificate verification
	library  string         // the call, if a library downloads the file
	sink     string         // the command that a pipe feeds
}

// Downloads returns the downloads of a step.
func Downloads(step *dockerfile.Step) []*Download {
	if add, ok := step.Command.(*instructions.AddCommand); ok {
		return added(step, add)
	}
	if _, ok := step.Command.(*instructions.RunCommand); !ok || step.Script == nil {
		return nil
	}
	var list []*Download
	for _, c := range step.Script.Commands {
		d := fetched(c)
		if d == nil {
			continue
		}
		d.Step, d.Cmd = step, c
		d.follow()
		if !d.trusted() {
			list = append(list, d)
		}
	}
	return list
}

func added(step *dockerfile.Step, add *instructions.AddCommand) []*Download {
	var list []*Download
	for _, name := range add.SourcePaths {
		address := step.Expand(name)
		if !strings.HasPrefix(address, "http://") && !strings.HasPrefix(address, "https://") ||
			strings.Contains(address, ".git") || add.Checksum != "" {
			continue
		}
		d := &Download{Step: step, URL: address, file: BaseOfURL(address)}
		d.names = []string{d.file}
		if !d.trusted() {
			list = append(list, d)
		}
	}
	return list
}

// fetched reads a command that downloads a file. It returns nil for other
// commands.
func fetched(c *shell.Command) *Download {
	switch c.Name() {
	case "wget":
		return wget(c)
	case "curl":
		return curl(c)
	case "aria2c":
		return aria(c)
	case "gdown":
		return &Download{library: "gdown", names: outputs(c, "-O", "--output")}
	case "hf", "huggingface-cli":
		if c.Has("download") && !pinnedRevision(c) {
			return &Download{library: c.Name() + " download", names: lastNames(c)}
		}
	}
	return library(c)
}

// Flags calls see for each option of a command and returns the other arguments.
// The options in valued (short, may be joined) and long take a value.
func Flags(c *shell.Command, valued string, long []string,
	see func(name, value string, word shell.Word)) (rest []shell.Word) {
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

var wgetLong = []string{"--output-document", "--directory-prefix", "--header", "--user-agent", "--tries", "--timeout",
	"--user", "--password", "--post-data", "--input-file", "--referer", "--waitretry", "--wait"}

func wget(c *shell.Command) *Download {
	d := &Download{}
	dir, out, skip := "", "", false
	rest := Flags(c, "OPtTiUwaoQ", wgetLong, func(name, value string, word shell.Word) {
		switch name {
		case "-O", "--output-document":
			out = value
		case "-P", "--directory-prefix":
			dir = value
		case "--no-check-certificate":
			d.Insecure = &word
		case "--spider", "--post-data", "-i", "--input-file":
			skip = true
		}
	})
	if len(rest) == 0 || skip || out == "/dev/null" || c.Captured {
		return nil
	}
	d.URL = rest[0].Text
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
		d.file = path.Join(dir, BaseOfURL(d.URL))
	}
	return d.local()
}

var curlLong = []string{
	"--output", "--header", "--request", "--user", "--user-agent", "--retry", "--retry-delay", "--connect-timeout",
	"--max-time", "--data", "--data-binary",
	"--data-raw", "--form", "--upload-file", "--url", "--proto", "--cacert", "--proxy", "--cookie", "--referer",
	"--retry-max-time", "--write-out", "--output-dir", "--resolve",
}

func curl(c *shell.Command) *Download {
	d := &Download{}
	remote, sends := false, false
	dir := ""
	rest := Flags(c, "oHXuAmdFTbcewxKrE", curlLong, func(name, value string, word shell.Word) {
		switch name {
		case "-o", "--output":
			d.file = value
		case "-O", "--remote-name", "--remote-name-all":
			remote = true
		case "--output-dir":
			dir = value
		case "-k", "--insecure":
			d.Insecure = &word
		case "--url":
			d.URL = value
		case "-d", "--data", "--data-binary", "--data-raw", "-F", "--form", "-T", "--upload-file", "-I", "--head":
			sends = true
		case "-X", "--request":
			sends = sends || value != "GET"
		}
	})
	if len(rest) > 0 {
		d.URL = rest[0].Text
	}
	if d.URL == "" || sends || d.file == "/dev/null" || c.Captured {
		return nil
	}
	switch {
	case remote:
		d.file = path.Join(dir, BaseOfURL(d.URL))
	case d.file == "" && c.Output != nil:
		d.file = c.Output.Text
	case d.file == "" && c.Pipeline == 0:
		return nil // it is only shown
	}
	return d.local()
}

func aria(c *shell.Command) *Download {
	d := &Download{}
	dir, out := "", ""
	rest := Flags(c, "odxsjk", []string{"--out", "--dir"}, func(name, value string, _ shell.Word) {
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
	if d.URL = rest[0].Text; out == "" {
		out = BaseOfURL(d.URL)
	}
	d.file = path.Join(dir, out)
	return d.local()
}

// local returns nil for a download from the machine itself.
func (d *Download) local() *Download {
	if u, err := url.Parse(d.URL); err == nil {
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

// BaseOfURL returns the file name in a URL.
func BaseOfURL(address string) string {
	address, _, _ = strings.Cut(address, "?")
	address, _, _ = strings.Cut(address, "#")
	return path.Base(address)
}

// calls matches calls of libraries that download weights.
var calls = regexp.MustCompile(`\b(new_session|hf_hub_download|snapshot_download|from_pretrained` +
	`|torch\.hub\.load|load_file_from_url|urlretrieve|load_state_dict_from_url` +
	`|whisper\.load_model|download_models|download_url_to_file)\s*\(`)

var revision = regexp.MustCompile(`\b[0-9a-f]{40}\b`)

// library reads Python code on the command line.
func library(c *shell.Command) *Download {
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
	d := &Download{library: m[1] + "()"}
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
		if IsModel(arg.Text) {
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
