package cli

import (
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/batch"
	"github.com/djok/facecraft/internal/fault"
)

// recipeFlags say what a portrait should look like.
func recipeFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "preset", EnvVars: env("preset"), Usage: "`NAME`: ad, linkedin, passport-us, -uk, -icao"},
		&cli.StringFlag{Name: "size", EnvVars: env("size"), DefaultText: "648x648", Usage: "`WxH` in pixels, 64 to 4096"},
		&cli.StringFlag{Name: "background", EnvVars: env("background"), DefaultText: "#f0f0f0",
			Usage: "`COLOUR`: a name or #RRGGBB"},
		&cli.Float64Flag{Name: "margin", EnvVars: env("margin"), DefaultText: "0.3",
			Usage: "`X`: margin around the face, 0 to 1"},
		&cli.BoolFlag{Name: "no-oval", EnvVars: env("no-oval"), Usage: "no oval mask; writes a JPEG"},
		&cli.BoolFlag{Name: "no-enhance", EnvVars: env("no-enhance"), Usage: "do not enhance the face"},
		&cli.Float64Flag{Name: "fidelity", EnvVars: env("fidelity"), DefaultText: "0.7",
			Usage: "`X`: 0 (smoothest) to 1 (truest)"},
		&cli.StringFlag{Name: "format", EnvVars: env("format"), DefaultText: "png", Usage: "`FORMAT`: png, jpg or both"},
	}
}

// recipe reads the flags; output may name a format by its extension.
func recipe(c *cli.Context, output string) (batch.Recipe, error) {
	r := batch.Recipe{Options: api.DefaultOptions(), Formats: []string{batch.PNG}}
	if name := c.String("preset"); name != "" {
		p, ok := batch.FindPreset(name)
		if !ok {
			return r, fault.New(fault.Usage, "use one of these:"+batch.PresetList(), "unknown preset %q", name)
		}
		r = p.Recipe()
	}
	if err := options(c, &r.Options); err != nil {
		return r, err
	}
	if !r.Oval {
		r.Formats = []string{batch.JPG}
	}
	named := batch.FormatOf(output)
	if named != "" {
		r.Formats = []string{named}
	}
	if c.IsSet("format") {
		switch format := c.String("format"); format {
		case "both":
			r.Formats = []string{batch.PNG, batch.JPG}
		case batch.PNG, batch.JPG:
			r.Formats = []string{format}
		default:
			return r, fault.New(fault.Usage, "use png, jpg or both", "unknown format %q", format)
		}
	}
	preset := c.String("preset")
	switch {
	case !r.Oval && r.Formats[0] == batch.PNG && preset != "" && named == batch.PNG && !c.IsSet("format"):
		return r, fault.New(fault.Usage, "name it "+strings.TrimSuffix(output, filepath.Ext(output))+".jpg",
			"--preset %s writes a JPEG, but %s is named like a PNG", preset, output)
	case !r.Oval && r.Formats[0] == batch.PNG && preset != "" && c.IsSet("format"):
		return r, fault.New(fault.Usage, "leave --format out", "--preset %s writes a JPEG, not a PNG", preset)
	case !r.Oval && r.Formats[0] == batch.PNG:
		return r, fault.New(fault.Usage, "use --format jpg, or drop --no-oval",
			"without the oval mask the server only makes a JPEG")
	case named != "" && (len(r.Formats) > 1 || r.Formats[0] != named):
		return r, fault.New(fault.Usage, "name a directory, or leave --format out", "%s does not match --format %s", output,
			c.String("format"))
	}
	return r, nil
}

func options(c *cli.Context, o *api.Options) error {
	var err error
	if c.IsSet("size") {
		if o.Width, o.Height, err = batch.ParseSize(c.String("size")); err != nil {
			return err
		}
	}
	if c.IsSet("background") {
		if o.Background, err = batch.ParseColour(c.String("background")); err != nil {
			return err
		}
	}
	if c.IsSet("margin") {
		o.Margin = c.Float64("margin")
	}
	if c.IsSet("fidelity") {
		o.Fidelity = c.Float64("fidelity")
	}
	if c.Bool("no-oval") {
		o.Oval = false
	}
	if c.Bool("no-enhance") {
		o.Enhance = false
	}
	if err := o.Check(); err != nil {
		return fault.Wrap(fault.Usage, err, "see facecraft process --help for the ranges", "not supported by the server")
	}
	return nil
}
