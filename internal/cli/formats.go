package cli

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/fault"
)

const (
	formatText      = "text"
	formatJSON      = "json"
	formatDockerRun = "docker-run"
	formatSARIF     = "sarif"
	formatJUnit     = "junit"
)

// The formats of a plan, and of the reports of lint and verify.
var (
	planFormats   = []string{formatText, formatJSON, formatDockerRun}
	reportFormats = []string{formatText, formatJSON, formatSARIF, formatJUnit}
)

// formatOf is the format that --format or --json asks for; the default is text.
func formatOf(c *cli.Context, formats []string) (string, error) {
	format := c.String("format")
	switch {
	case c.Bool("json") && format != "" && format != formatJSON:
		return "", fault.New(fault.Usage, "drop one of them", "--json and --format %s contradict each other", format)
	case c.Bool("json"):
		return formatJSON, nil
	case format == "":
		return formatText, nil
	case !slices.Contains(formats, format):
		last := len(formats) - 1
		return "", fault.New(fault.Usage, "use "+strings.Join(formats[:last], ", ")+" or "+formats[last],
			"unknown format %q", format)
	}
	return format, nil
}
