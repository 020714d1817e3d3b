package cli

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/assay"
	"github.com/djok/facecraft/internal/catalogue"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/inventory"
	"github.com/djok/facecraft/internal/launch"
	"github.com/djok/facecraft/internal/output"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/term"
	"github.com/djok/facecraft/internal/verify"
)

func (a *app) verifyCommand() *cli.Command {
	return &cli.Command{
		Name:      "verify",
		Usage:     "find what is wrong with an AI image",
		UsageText: "facecraft verify [TARGET]",
		ArgsUsage: "[TARGET]",
		Description: "TARGET is an image in Docker or in a registry (docker://REF skips Docker), a\n" +
			"file from docker save or facecraft save, or an OCI layout or archive. By\n" +
			"default it is the image that up would run.\n\n" +
			"An image in Docker is also run, several times, without a network and with\n" +
			"few CPUs; --depth files only reads its files.\n\n" +
			"Exit code 0: no pitfalls; 7: pitfalls found; 1: the image cannot be read.\n" +
			"To accept a pitfall, add it to " + finding.IgnoreFile + ":\n" +
			"  ignore:\n" +
			"    - {id: latest, reason: the mirror needs it, until: 2027-01-31}",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "depth", EnvVars: env("depth"), DefaultText: "run",
				Usage: "`DEPTH`: config, files, layers, run"},
			&cli.StringFlag{Name: "tag", Aliases: []string{"t"}, EnvVars: env("tag"),
				Usage: "`VARIANT` to check it as: cpu or gpu"},
			&cli.StringFlag{Name: "catalogue", EnvVars: env("catalogue"), Usage: "`FILE` that says what the image needs"},
			&cli.StringFlag{Name: "dockerfile", EnvVars: env("dockerfile"),
				Usage: "name lines of `FILE`, the image's Dockerfile"},
			&cli.StringFlag{Name: "against", EnvVars: env("against"), Usage: "compare with another `IMAGE`"},
			jsonFlag(),
			&cli.StringFlag{Name: "format", EnvVars: env("format"), DefaultText: formatText,
				Usage: "`FORMAT`: text, json, sarif, junit"},
			&cli.StringFlag{Name: "html", EnvVars: env("html"), Usage: "write an HTML report to `FILE`"},
			&cli.BoolFlag{Name: "strict", EnvVars: env("strict"), Usage: "exit with code 7 for unknown results, too"},
			quietFlag(),
		},
		Before: a.hush,
		Action: a.verify,
	}
}

func (a *app) verify(c *cli.Context) error {
	format, err := formatOf(c, reportFormats)
	if err != nil {
		return err
	}
	if c.NArg() > 1 {
		return fault.New(fault.Usage, "verify one image at a time", "%d targets were given", c.NArg())
	}
	page := output.File{Path: c.String("html"), Stream: a.Stdout, Earlier: verify.IsPage}
	if page.Path == output.Stdout {
		return fault.New(fault.Usage, "name a file", "the page and the report cannot both go to standard output")
	}
	if page.Path != "" {
		if err := page.Check(); err != nil {
			return err
		}
	}
	report, checks, err := a.verdict(c)
	a.ui.Clear()
	if err != nil {
		return err
	}
	if err := a.printVerdict(report, format, checks); err != nil {
		return err
	}
	if page.Path != "" {
		if err := page.Write(report.HTML); err != nil {
			return err
		}
	}
	return report.Err(c.Bool("strict"))
}

// verdict verifies the target or, without one, the image that up would run.
func (a *app) verdict(c *cli.Context) (report verify.Report, checks []finding.Check, err error) {
	known, err := catalogue.Read(c.String("catalogue"))
	if err != nil {
		return report, nil, err
	}
	depth, err := depthOf(c.String("depth"))
	if err != nil {
		return report, nil, err
	}
	variant, target := c.String("tag"), c.Args().First()
	if _, ok := known.Variant(variant); variant != "" && !ok {
		return report, nil, fault.New(fault.Usage, "use cpu or gpu", "there is no variant %q", variant)
	}
	var built *assay.Dockerfile
	if name := c.String("dockerfile"); name != "" {
		if built, err = assay.ReadDockerfile(name); err != nil {
			return report, nil, err
		}
	}
	l, err := a.connect(c.Context)
	if err != nil {
		if target == "" || c.Context.Err() != nil {
			return report, nil, err
		}
		l = &launch.Launcher{Settings: a.launcher()} // files and registries need no daemon
	}
	defer l.Close()
	var r plan.Request
	work, err := l.Assay(c.Context, known, variant, depth)
	work.Dockerfile = built
	if err == nil && target == "" {
		if r, err = a.upRequest(c, variant); err == nil {
			target, err = l.WouldRun(c.Context, r)
		}
	}
	if err != nil {
		return report, nil, err
	}
	report, err = work.Report(c.Context, target, c.String("against"))
	return report, work.Checks, err
}

// upRequest is the request that up would make, for a variant if one is named.
func (a *app) upRequest(c *cli.Context, variant string) (r plan.Request, err error) {
	err = a.rehearse(c.Context, []string{"up"}, c.String("profile"), func(_ *app, up *cli.Context) error {
		r = plan.Request{Instance: a.instance(), Tag: variant, Image: up.String("image")}
		switch {
		case variant == "" && up.Bool("lite"):
			r.Tag = plan.Lite
		case variant == "":
			r.Tag = up.String("tag")
		}
		return nil
	})
	return r, err
}

// depthOf reads the flag; the default is as deep as possible.
func depthOf(name string) (inventory.Depth, error) {
	if name == "" {
		return inventory.RunDepth, nil
	}
	depth, ok := inventory.ParseDepth(name)
	if !ok {
		return depth, fault.New(fault.Usage, "use config, files, layers or run", "there is no depth %q", name)
	}
	return depth, nil
}

func (a *app) printVerdict(report verify.Report, format string, checks []finding.Check) error {
	switch format {
	case formatJSON:
		return a.printJSON(report)
	case formatSARIF:
		return report.SARIF(a.Stdout, checks, a.Version)
	case formatJUnit:
		return report.JUnit(a.Stdout)
	}
	_, err := fmt.Fprint(a.Stdout,
		report.Screen(min(term.Width(a.Stdout), 100), verdictPaint(term.NewPainter(a.Stdout, a.Getenv))))
	return err
}

func verdictPaint(p term.Painter) verify.Paint {
	looks := map[verify.Style]func(string) string{
		verify.Heading: p.Bold, verify.Quiet: p.Dim, verify.IsPass: p.Green, verify.IsWarning: p.Yellow,
		verify.IsError: p.Red, verify.IsUnknown: p.Yellow,
	}
	return func(style verify.Style, text string) string {
		if style >= verify.Shade {
			return p.Shade(int(style-verify.Shade), text)
		}
		if look := looks[style]; look != nil {
			return look(text)
		}
		return text
	}
}
