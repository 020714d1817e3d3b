package config

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/fault"
)

// sample is the schema of a small program.
func sample() Schema {
	kinds := map[string]map[string]Kind{
		"up": {"tag": Text, "lite": Switch, "image": Text, "replicas": Text, "port": Whole, "timeout": Duration,
			"env": Words, "recreate": Switch, "data": Text},
		"process": {"tag": Text, "lite": Switch, "image": Text, "endpoint": List, "output": Text, "format": Text,
			"preset": Text, "size": Text, "margin": Number, "env": Words, "no-oval": Switch},
		"plan": {"tag": Text, "format": Text, "json": Switch},
		"down": {"yes": Switch, "quiet": Switch},
	}
	schema := Schema{}
	for command, flags := range kinds {
		schema[command] = map[string]Setting{}
		for name, kind := range flags {
			schema[command][name] = SettingOf(command, name, kind)
		}
	}
	return schema
}

func parsed(text string) (*File, error) {
	f := &File{Path: "c.toml", Exists: true, schema: sample()}
	return f, f.parse(text, "/home/me")
}

// flags are what a file sets, in one line.
func flags(values []Value) string {
	var list []string
	for _, v := range values {
		for _, text := range v.Texts {
			list = append(list, v.Name+"="+text)
		}
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

func TestFor(t *testing.T) {
	t.Parallel()
	f, err := parsed(`
tag = "cpu"
size = 600
env = ["A=1"]
[process]
output = "~/portraits"
size = "700x700"
[profile.office]
endpoint = "http://portraits:8000"
[profile.office.process]
margin = 1
[profile.home]
lite = true
env = "B"
[profile.home.process]
endpoint = []
preset = "ad"
`)
	if err != nil {
		t.Fatal(err)
	}
	portraits := filepath.Join("/home/me", "portraits")
	for _, c := range []struct {
		command, profile string
		given            map[string]string
		want             string
	}{
		{"up", "", nil, "env=A=1 tag=cpu"},
		{"process", "", nil, "env=A=1 output=" + portraits + " size=700x700 tag=cpu"},
		{"plan", "", nil, "tag=cpu"},
		{"down", "", nil, ""},
		// A profile's endpoint takes the place of a server that is started here.
		{"process", "office", nil, "endpoint=http://portraits:8000 margin=1 output=" + portraits + " size=700x700"},
		{"process", "office", map[string]string{"tag": "gpu"}, "env=A=1 margin=1 output=" + portraits + " size=700x700"},
		// Lists of words add up; a preset decides about the size.
		{"process", "home", nil, "env=A=1 env=B lite=true output=" + portraits + " preset=ad"},
		{"process", "home", map[string]string{"preset": "", "size": "64"}, "env=A=1 env=B lite=true output=" + portraits},
		// The command line wins over what contradicts it.
		{"up", "home", map[string]string{"tag": "gpu"}, "env=A=1 env=B"},
		{"up", "home", map[string]string{"image": "mine:v1"}, "env=A=1 env=B tag=cpu"},
		{"up", "", map[string]string{"lite": "true", "env": ""}, "env=A=1"},
		{"up", "home", map[string]string{"lite": "false"}, "env=A=1 env=B tag=cpu"},
	} {
		if got := flags(f.For(c.command, c.profile, c.given)); got != c.want {
			t.Errorf("%s with profile %q beside %v: %s, want %s", c.command, c.profile, c.given, got, c.want)
		}
	}
	for _, v := range f.For("process", "office", nil) {
		if v.Name == "margin" && (v.Line != 11 || v.Source() != FromProfile) {
			t.Errorf("margin is of line %d and %s", v.Line, v.Source())
		}
	}
}

// TestContradictions: each pair is a value of the file and a flag before which
// it gives way.
func TestContradictions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, value, flag, given string
		gone                     bool
	}{
		{"lite", "true", "tag", "cpu", true},
		{"tag", "cpu", "lite", "true", true},
		{"tag", "cpu", "lite", "false", false},
		{"image", "mine:v1", "tag", "cpu", false},
		{"image", "mine:v1", "tag", "lite", true},
		{"gpus", "0", "tag", "cpu", true},
		{"gpus", "0", "tag", "gpu", false},
		{"tag", "lite", "image", "mine:v1", true},
		{"tag", "gpu", "image", "mine:v1", false},
		{"profiles", "true", "tag", "cpu", true},
		{"profiles", "true", "target", "swarm", true},
		{"profiles", "true", "target", "compose", false},
		{"ingress", "portraits.example.org", "target", "kubernetes", false},
		{"ingress", "portraits.example.org", "target", "compose", true},
		{"data", "/srv", "target", "kubernetes", true},
		{"format", "both", "preset", "ad", true},
		{"size", "64", "preset", "ad", true},
		{"format", "png", "no-oval", "true", true},
		{"preset", "ad", "format", "png", true},
		{"preset", "ad", "output", "face.PNG", true},
		{"preset", "ad", "output", "face.jpg", false},
		{"format", "png", "output", "face.jpeg", true},
		{"format", "both", "output", "portraits", false},
		{"report", "r.html", "output", "-", true},
		{"pull", "never", "endpoint", "http://portraits:8000", true},
		{"endpoint", "http://portraits:8000", "port", "9000", true},
		{"endpoint", "http://portraits:8000", "yes", "true", false},
		{"format", "sarif", "json", "true", true},
	} {
		v := Value{Name: c.name, Texts: []string{c.value}}
		if contradicted(v, map[string]string{c.flag: c.given}) != c.gone {
			t.Errorf("%s = %q with --%s %s: it gives way is %t", c.name, c.value, c.flag, c.given, !c.gone)
		}
	}
}

// TestNames: whatever has a name here is a flag.
func TestNames(t *testing.T) {
	t.Parallel()
	manual, err := os.ReadFile(filepath.Join("..", "..", "docs", "commands.md"))
	if err != nil {
		t.Fatal(err)
	}
	names := slices.Concat(forOneCall, dependent, paths, numeric, startsServer, downloads)
	for _, r := range rules {
		names = append(append(names, r.flag), r.drops...)
	}
	for _, name := range names {
		name, _, _ = strings.Cut(name[strings.LastIndex(name, " ")+1:], "=")
		if !regexp.MustCompile("--"+name+"[ `]").Match(manual) && name != "help" {
			t.Errorf("there is no flag --%s", name)
		}
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]string{
		"prset = 'ad'":                  {`line 1: unknown key "prset"`, "did you mean preset?"},
		"\n[up]\nNo_Oval = true":        {`line 3: unknown key "No_Oval"`, "use the name of a flag"},
		"No_Oval = true":                {`line 1: unknown key "No_Oval"`, "did you mean no-oval?"},
		"xyzzy = 1":                     {`line 1: unknown key "xyzzy"`, "use the name of a flag"},
		"[proces]\nsize = 9":            {`line 1: unknown table "proces"`, "did you mean [process]?"},
		"[profiel.x]\nsize = 9":         {`line 1: unknown table "profiel"`, "did you mean [profile]?"},
		"[profile.x.y]\nsize = 9":       {`line 1: unknown table "y"`, "use [COMMAND]"},
		"[process.x]\nsize = 9":         {`line 1: unknown table "process.x"`, "use [COMMAND]"},
		"profile.x = 1":                 {`line 1: profile "x" is not a table`, "write [profile.x] above"},
		"profile = 'x'":                 {`line 1: unknown key "profile"`, "use the name of a flag"},
		"# \n[down]\nsize = 9":          {"line 3: facecraft down has no flag --size", "move it below [process]"},
		"output = 'x'":                  {"line 1: output depends on the command", "below [process]"},
		"recreate = true":               {"line 1: recreate is for one call", "--recreate on the command line"},
		"[down]\nyes = true":            {"line 2: yes is for one call", "--yes on the command line"},
		"lite = 1":                      {"line 1: lite takes true or false, not the number 1", "write lite = true"},
		"port = '80'":                   {`line 1: port takes a whole number, not the text "80"`, "write port = 1"},
		"port = 8.5":                    {"line 1: port takes a whole number, not the number 8.5", "write port = 1"},
		"margin = inf":                  {"line 1: margin takes a number, not the number +Inf", "write margin = 0.5"},
		"timeout = '5'":                 {`line 1: timeout takes a time, not the text "5"`, `write timeout = "90s"`},
		"tag = 3":                       {"line 1: tag takes a text, not the number 3", `write tag = "…"`},
		"tag = 1979-05-27":              {"line 1: tag takes a text, not a date", `write tag = "…"`},
		"endpoint = [1]":                {"line 1: endpoint takes a list of texts, not a list of something", "endpoint = ["},
		"[[endpoint]]\nx = 1":           {"line 1: endpoint takes a list of texts, not tables", "endpoint = ["},
		"tag = ''":                      {"line 1: tag is empty", "give it a value"},
		"env = ['A', '']":               {"line 1: env is empty", "give it a value"},
		"tag = 'a'\ntag = 'b'":          {"line 2: ", "https://toml.io"},
		"tag = 'a":                      {"line 1: ", "https://toml.io"},
		strings.Repeat("[", 1<<16):      {"line 1: ", "https://toml.io"},
		"a = " + strings.Repeat("[", 9): {"line 1: ", "https://toml.io"},
	} {
		_, err := parsed(text)
		var f *fault.Fault
		if !errors.As(err, &f) || f.Code != fault.Usage || !strings.Contains(f.Error(), "c.toml, "+want[0]) ||
			!strings.Contains(f.Hint, want[1]) {
			t.Errorf("%.40q:\ngot  %v\n     %s\nwant %s", text, err, fault.HintOf(err), want)
		}
	}
}

func TestProfiles(t *testing.T) {
	t.Parallel()
	with, err := parsed("[profile.office]\n[profile.home.up]\nlite = true")
	if err != nil {
		t.Fatal(err)
	}
	without, missing := &File{Path: "c.toml", Exists: true}, &File{Path: "c.toml"}
	for _, c := range []struct {
		file           *File
		name, err, fix string
	}{
		{with, "", "", ""}, {with, "home", "", ""}, {missing, "", "", ""},
		{with, "offce", `c.toml has no profile "offce"`, "did you mean office? use one of: office, home"},
		{without, "x", `c.toml has no profile "x"`, "add a table [profile.x] to it"},
		{missing, "x", `there is no profile "x", because there is no file c.toml`, "create the file"},
	} {
		err := c.file.CheckProfile(c.name)
		if (err == nil) != (c.err == "") || err != nil && err.Error() != c.err ||
			!strings.HasPrefix(fault.HintOf(err), c.fix) {
			t.Errorf("%q: %v (fix: %s)", c.name, err, fault.HintOf(err))
		}
	}
}

func TestPath(t *testing.T) {
	t.Parallel()
	root := t.TempDir() // absolute on every system
	for _, c := range []struct {
		goos, want string
		env        map[string]string
	}{
		{"linux", ".config/facecraft/config.toml", map[string]string{"HOME": root}},
		{"linux", "x/facecraft/config.toml", map[string]string{"HOME": "/h", "XDG_CONFIG_HOME": filepath.Join(root, "x")}},
		{"linux", ".config/facecraft/config.toml", map[string]string{"HOME": root, "XDG_CONFIG_HOME": "relative"}},
		{"darwin", "Library/Application Support/facecraft/config.toml",
			map[string]string{"HOME": root, "XDG_CONFIG_HOME": "/x"}},
		{"windows", "facecraft/config.toml", map[string]string{"AppData": root}},
	} {
		got := Path(func(name string) string { return c.env[name] }, c.goos)
		if want := filepath.Join(root, filepath.FromSlash(c.want)); got != want {
			t.Errorf("%s, %v: %s, want %s", c.goos, c.env, got, want)
		}
	}
	for _, goos := range []string{"linux", "darwin", "windows"} {
		if got := Path(func(string) string { return "" }, goos); got != "" {
			t.Errorf("%s without a home: %s", goos, got)
		}
	}
}

// TestUnreadable: a file that cannot be read is an error that says so, at once.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	large := filepath.Join(dir, "large.toml")
	if err := os.WriteFile(large, make([]byte, maxSize+1), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{dir: "it is not a file", large: "it is larger than 64 KiB"} {
		if _, err := Read(path, "", sample()); err == nil || !strings.Contains(err.Error(), want) ||
			!strings.Contains(err.Error(), path) || fault.HintOf(err) == "" {
			t.Errorf("%s: %v", path, err)
		}
	}
	if runtime.GOOS == "linux" {
		if _, err := Read("/dev/zero", "", sample()); err == nil || !strings.Contains(err.Error(), "it is not a file") {
			t.Errorf("/dev/zero: %v", err)
		}
	}
	for _, path := range []string{"", filepath.Join(dir, "none.toml")} {
		if f, err := Read(path, "", sample()); err != nil || f.Exists || len(f.For("up", "", nil)) > 0 {
			t.Errorf("%q: %+v, %v", path, f, err)
		}
	}
	locked := filepath.Join(dir, "locked.toml")
	if err := os.WriteFile(locked, []byte("tag = 'cpu'"), 0); err != nil {
		t.Fatal(err)
	}
	if file, err := os.Open(locked); err == nil {
		file.Close() // this user reads everything, as root does
	} else if _, err := Read(locked, "", sample()); err == nil || !strings.Contains(err.Error(), "permission denied") {
		t.Errorf("without permission: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"tag = 'cpu'\n[process]\nsize = 9", "[profile.x.up]\nenv = ['A=1']", "a.b.c = {d = 1}",
		"[[up]]", "port = 1_000\nmargin = 1e9\ntimeout = '1h'", "\xff\xfe", "[profile]\nx = 1979-05-27", `"" = ''`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		file, err := parsed(text)
		if err != nil {
			if fault.CodeOf(err) != fault.Usage || fault.HintOf(err) == "" || !strings.Contains(err.Error(), "c.toml") {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		for command, settings := range sample() {
			for _, profile := range append(file.Profiles, "") {
				for _, v := range file.For(command, profile, nil) {
					if _, ok := settings[v.Name]; !ok || v.Line < 1 || slices.Contains(v.Texts, "") {
						t.Errorf("%q sets for %s: %+v", text, command, v)
					}
				}
			}
		}
	})
}
