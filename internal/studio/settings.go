package studio

import (
	"encoding/json"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/batch"
	"github.com/djok/facecraft/internal/fault"
)

// Settings say what a portrait should look like, as the flags of `facecraft
// process` do. They are comparable, so that photos with the same settings are
// processed together.
type Settings struct {
	Preset     string  `json:"preset"` // a name, or ""
	Width      int     `json:"width"`  // in pixels, and so is Height
	Height     int     `json:"height"`
	Background string  `json:"background"` // #rrggbb
	Margin     float64 `json:"margin"`     // around the face, as a fraction of its size
	Oval       bool    `json:"oval"`
	Enhance    bool    `json:"enhance"`
	Fidelity   float64 `json:"fidelity"`
	Format     string  `json:"format"` // png, jpg or both
}

// both is the format of portraits in two files.
const both = "both"

// wish is Settings in which some may be missing: a preset or the defaults fill
// them in.
type wish struct {
	Preset     string   `json:"preset"`
	Width      *int     `json:"width"`
	Height     *int     `json:"height"`
	Background *string  `json:"background"`
	Margin     *float64 `json:"margin"`
	Oval       *bool    `json:"oval"`
	Enhance    *bool    `json:"enhance"`
	Fidelity   *float64 `json:"fidelity"`
	Format     *string  `json:"format"`
}

// parseSettings reads settings as a page sends them.
func parseSettings(text []byte) (Settings, error) {
	var w wish
	if err := json.Unmarshal(text, &w); err != nil {
		return Settings{}, fault.New(fault.Usage, "", "the settings are not JSON of the expected form")
	}
	return w.settings()
}

func (w wish) settings() (Settings, error) {
	recipe := batch.Recipe{Options: api.DefaultOptions(), Formats: []string{batch.PNG}}
	if w.Preset != "" {
		preset, known := batch.FindPreset(w.Preset)
		if !known {
			return Settings{}, fault.New(fault.Usage, "choose another one", "there is no preset %q", w.Preset)
		}
		recipe = preset.Recipe()
	}
	s := settingsOf(w.Preset, recipe)
	fill(&s.Width, w.Width)
	fill(&s.Height, w.Height)
	fill(&s.Margin, w.Margin)
	if !recipe.CropOnly {
		fill(&s.Background, w.Background)
		fill(&s.Enhance, w.Enhance)
		fill(&s.Fidelity, w.Fidelity)
	}
	if w.Preset == "" { // presets are rectangular pictures, without an oval
		fill(&s.Oval, w.Oval)
		fill(&s.Format, w.Format)
	}
	return s.checked()
}

func fill[T any](field *T, wanted *T) {
	if wanted != nil {
		*field = *wanted
	}
}

func settingsOf(preset string, r batch.Recipe) Settings {
	return Settings{Preset: preset, Width: r.Width, Height: r.Height, Background: r.Background.String(), Margin: r.Margin,
		Oval: r.Oval, Enhance: r.Enhance, Fidelity: r.Fidelity, Format: r.Formats[0]}
}

// checked returns valid settings, in normal form.
func (s Settings) checked() (Settings, error) {
	colour, err := batch.ParseColour(s.Background)
	if err != nil {
		return s, fault.New(fault.Usage, "use a name such as white, or #f0f0f0", "%q is not a colour", s.Background)
	}
	s.Background = colour.String()
	switch s.Format {
	case batch.PNG, batch.JPG, both:
	default:
		return s, fault.New(fault.Usage, "use png, jpg or both", "unknown format %q", s.Format)
	}
	if !s.Oval { // without the oval, servers make only a JPEG
		s.Format = batch.JPG
	}
	recipe := s.recipe()
	if err := recipe.Check(); err != nil {
		return s, fault.Wrap(fault.Usage, err, "", "these settings cannot be used")
	}
	return s, nil
}

// recipe returns checked settings as a recipe for servers.
func (s Settings) recipe() batch.Recipe {
	preset, _ := batch.FindPreset(s.Preset)
	r := batch.Recipe{Options: api.DefaultOptions()}
	if s.Preset != "" {
		r = preset.Recipe()
	}
	colour, _ := batch.ParseColour(s.Background) // it was checked
	r.Width, r.Height, r.Background, r.Margin = s.Width, s.Height, colour, s.Margin
	r.Oval, r.Enhance, r.Fidelity = s.Oval, s.Enhance, s.Fidelity
	r.Formats = []string{s.Format}
	if s.Format == both {
		r.Formats = []string{batch.PNG, batch.JPG}
	}
	return r
}

// stored reads settings from the spool; those of another version that cannot be
// read become the defaults.
func stored(text []byte) Settings {
	s, err := parseSettings(text)
	if err != nil {
		s, _ = wish{}.settings()
	}
	return s
}

func (s Settings) json() json.RawMessage {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // they are plain values
	}
	return text
}
