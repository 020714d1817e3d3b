package cli

import (
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/cli/flagset"
	"github.com/djok/facecraft/internal/dockerrun"
	"github.com/djok/facecraft/internal/export"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/kube"
	"github.com/djok/facecraft/internal/launch"
	"github.com/djok/facecraft/internal/output"
)

func (a *app) composeCommand() *cli.Command {
	return &cli.Command{
		Name:  "compose",
		Usage: "generate a docker-compose.yml for the same server",
		UsageText: "facecraft compose > docker-compose.yml\n" +
			"facecraft compose --profiles --output docker-compose.yml\n" +
			"facecraft compose --target kubernetes --replicas 3 | kubectl apply -f -",
		Flags: slices.Concat(requestFlags(), gatewayFlags(), []cli.Flag{gatewayImageFlag(),
			&cli.StringFlag{Name: "target", EnvVars: env("target"),
				Usage: "`FORMAT`: compose (the default), swarm, kubernetes"},
			&cli.BoolFlag{Name: "pin", EnvVars: env("pin"), Usage: "pin the image to its digest"},
			&cli.BoolFlag{Name: "profiles", EnvVars: env("profiles"), Usage: "include CPU and GPU variants as profiles"},
			&cli.BoolFlag{Name: "detect", EnvVars: env("detect"), Value: true,
				Usage: "inspect this machine; =false to target another"},
			&cli.StringFlag{Name: "ingress", EnvVars: env("ingress"), Usage: "`HOST` name for a Kubernetes Ingress"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, EnvVars: env("output"), DefaultText: "standard output",
				Usage: "`FILE` to write, or -"},
			&cli.BoolFlag{Name: "force", Aliases: []string{"f"}, EnvVars: env("force"), Usage: "replace an existing file"},
		}),
		Action: a.compose,
	}
}

func (a *app) compose(c *cli.Context) error {
	if err := checkExport(c); err != nil {
		return err
	}
	r, err := a.request(c)
	if err != nil {
		return err
	}
	target := a.exportFile(c)
	if err := target.Check(); err != nil {
		return err
	}
	l := &launch.Launcher{Settings: a.launcher()}
	if c.Bool("detect") {
		if l, err = a.connectIfPossible(c.Context); err != nil {
			return err
		}
	}
	defer l.Close()
	work := export.Export{Launcher: l, Command: a.commandText(), Target: targetOf(c), Profiles: c.Bool("profiles"),
		Detect: c.Bool("detect"), Pin: c.Bool("pin"), Ingress: c.String("ingress")}
	file, notes, err := work.Render(c.Context, r)
	if err != nil {
		return err
	}
	for _, note := range notes {
		a.ui.Warn("%s", note)
	}
	err = target.Write(func(w io.Writer) error {
		_, err := w.Write(file)
		return err
	})
	if err == nil && target.Path != output.Stdout {
		a.ui.Done("%s is written", target.Path)
	}
	return err
}

// exportFile is where the file is written. People edit it, so an existing one is
// only replaced with --force, and a file of --env-file never is.
func (a *app) exportFile(c *cli.Context) output.File {
	file := output.File{Path: c.String("output"), Stream: a.Stdout, Force: c.Bool("force"), Flag: "--force"}
	if file.Path == "" {
		file.Path = output.Stdout
	}
	file.Needed = func(_ string, info fs.FileInfo) string {
		for _, name := range *c.Generic("env-file").(*flagset.Words) {
			if read, err := os.Stat(name); err == nil && info != nil && os.SameFile(read, info) {
				return "the file of --env-file"
			}
		}
		return ""
	}
	return file
}

func targetOf(c *cli.Context) string {
	if target := c.String("target"); target != "" {
		return target
	}
	return export.Compose
}

// checkExport refuses flags that contradict each other.
func checkExport(c *cli.Context) error {
	target := targetOf(c)
	contradiction := func(one, other string) error {
		return fault.New(fault.Usage, "drop one of them", "%s and %s contradict each other", one, other)
	}
	switch {
	case !slices.Contains([]string{export.Compose, export.Swarm, export.Kubernetes}, target):
		return fault.New(fault.Usage, "use compose, swarm or kubernetes", "there is no target %q", target)
	case c.Bool("profiles") && target != export.Compose:
		return contradiction("--profiles", "--target "+target)
	case c.String("ingress") != "" && target != export.Kubernetes:
		return contradiction("--ingress", "--target "+target)
	}
	if err := kube.CheckHost(c.String("ingress")); err != nil {
		return fault.Wrap(fault.Usage, err, "use a host name, such as portraits.example.org", "--ingress cannot be used")
	}
	if c.String("data") != "" && target != export.Compose {
		return contradiction("--data, a directory of this machine,", "--target "+target)
	}
	for _, flag := range []string{"tag", "lite", "image", "replicas"} {
		if c.Bool("profiles") && c.IsSet(flag) {
			return contradiction("--profiles", "--"+flag)
		}
	}
	return nil
}

// commandText is the command line, including what the configuration file adds,
// ready to paste.
func (a *app) commandText() string {
	words := []string{"facecraft"}
	for _, arg := range a.args[1:] {
		words = append(words, dockerrun.Quote(arg))
	}
	for _, value := range a.settings.Applied {
		for _, text := range value.Texts {
			words = append(words, dockerrun.Quote("--"+value.Name+"="+text))
		}
	}
	return strings.Join(words, " ")
}
