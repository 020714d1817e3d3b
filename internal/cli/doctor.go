package cli

import (
	"io"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/doctor"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/launch"
	"github.com/djok/facecraft/internal/output"
	"github.com/djok/facecraft/internal/term"
)

func (a *app) doctorCommand() *cli.Command {
	return &cli.Command{
		Name:      "doctor",
		Usage:     "check this machine and Docker, and suggest fixes",
		UsageText: "facecraft doctor [--json] [--bundle FILE]",
		Description: "Exit code 0: no problems; 1: problems, but a server can run;\n" +
			"3: no server can run here.",
		Flags: []cli.Flag{
			jsonFlag(),
			&cli.StringFlag{Name: "bundle", EnvVars: env("bundle"),
				Usage: "write a redacted bug report to `FILE`, or -"},
		},
		Action: a.doctor,
	}
}

func (a *app) doctor(c *cli.Context) error {
	bundle := output.File{Path: c.String("bundle"), Stream: a.Stdout}
	switch {
	case bundle.Path == output.Stdout && c.Bool("json"):
		return fault.New(fault.Usage, "drop one of them", "--json and --bundle - contradict each other")
	case bundle.Path != "":
		if err := bundle.Check(); err != nil {
			return err
		}
	}
	a.ui.Progress("Checking this machine")
	report, err := launch.Examine(c.Context, a.launcher())
	a.ui.Clear()
	if err != nil {
		return err
	}
	if err := a.printReport(report, c.Bool("json"), bundle); err != nil {
		return err
	}
	return report.Err()
}

// printReport writes the report, and the bundle for a bug tracker if asked to.
// The bundle contains the report, so standard output gets only one of them.
func (a *app) printReport(report doctor.Report, asJSON bool, bundle output.File) (err error) {
	switch {
	case bundle.Path == output.Stdout:
	case asJSON:
		err = a.printJSON(report)
	default:
		_, err = a.Stdout.Write([]byte(report.Text(min(term.Width(a.Stdout), 100),
			painted(term.NewPainter(a.Stdout, a.Getenv)))))
	}
	if err != nil || bundle.Path == "" {
		return err
	}
	return a.writeBundle(report, bundle)
}

func painted(p term.Painter) func(doctor.Style, string) string {
	looks := map[doctor.Style]func(string) string{
		doctor.Heading: p.Bold, doctor.Quiet: p.Dim, doctor.Fix: p.Bold,
		doctor.IsGreen: p.Green, doctor.IsAmber: p.Yellow, doctor.IsRed: p.Red, doctor.IsUnknown: p.Yellow,
	}
	return func(style doctor.Style, text string) string { return looks[style](text) }
}

func (a *app) writeBundle(report doctor.Report, file output.File) error {
	host, _ := os.Hostname() // without it there is nothing to redact
	text, err := report.Bundle(a.Getenv, host)
	if err != nil {
		return err
	}
	err = file.Write(func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
	if err == nil && file.Path != output.Stdout {
		a.ui.Done("Wrote %s; review it before you send it", file.Path)
	}
	return err
}
