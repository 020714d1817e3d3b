package batch

import (
	"fmt"
	"strings"

	"github.com/djok/facecraft/internal/api"
)

// Preset is a set of options for a common need. Flags override it.
type Preset struct {
	name, what string
	// Source is the address of the rules.
	Source string

	width, height int
	background    api.Colour
	margin        float64 // 0 leaves the default
	maxBytes      int64   // of the file; 0 means no limit
	rule          string  // the authority's rule against edited photos; with one, the preset only crops
	more          string  // what else the authority is reported to require
	// Official means for a document: no oval, and no enhancement.
	Official bool
}

var (
	white     = api.Colour{255, 255, 255}
	lightGrey = api.Colour{240, 240, 240}
)

// The authorities' pages could not be read when this was written, in November 2026.
// These sources were used instead:
//
//   - State Department: its notice "Do NOT use AI or digital editing tools on your
//     passport photo", as quoted at
//     https://atlanticpostng.com/us-warns-visa-applicants-over-ai-edited-passport-photos/,
//     and the U.S. Embassy in Manila's message of 23 October 2020, which counts
//     whitening the background among edits, as copied at https://expatforum.com.
//     The beginning of 8 FAM 402.1, https://fam.state.gov/fam/08fam/08fam040201.html,
//     says nothing about it.
//   - HM Passport Office: GOV.UK's rules for digital photos, as copied at
//     https://symplyphotography.co.uk/passport-photos/; those for printed ones say
//     the same at https://gov.tc/passports/photos, a British territory's own page.
//   - ICAO: no rule was found. The country that issues the passport decides what
//     Doc 9303 leaves open.
const (
	stateDepartmentRule = "the State Department is reported to reject photos edited with any digital tool"
	passportOfficeRule  = "HM Passport Office is reported to want photos unaltered by computer software"
)

// presets are all rectangular pictures, so none has an oval, and all are JPEGs
// of at most 99 kB, as servers make them.
var presets = []Preset{
	{name: "ad", what: "Active Directory, Outlook and Teams: 648x648", width: 648, height: 648, background: lightGrey,
		// The attribute thumbnailPhoto takes 100 kB, and servers make 99 at
		// most; Exchange keeps 648x648.
		maxBytes: 99 << 10,
		Source:   "https://learn.microsoft.com/windows/win32/adschema/a-thumbnailphoto"},
	{name: "linkedin", what: "LinkedIn and the like: 800x800, which shows sharp in its circle of 400",
		width: 800, height: 800,
		background: lightGrey, Source: "https://www.linkedin.com/help/linkedin/answer/a549049"},
	// The margins make the head, from chin to crown, as high as required:
	// 50 to 69 % of the picture here, 64 to 76 % below.
	{name: "passport-us", what: "United States passport and visa: 600x600", width: 600, height: 600, background: white,
		margin: 0.55, Official: true, rule: stateDepartmentRule,
		Source: "https://travel.state.gov/content/travel/en/us-visas/visa-information-resources/photos.html"},
	{name: "passport-uk", what: "United Kingdom passport: 900x1125 (600x750 at least)", width: 900, height: 1125,
		background: lightGrey, margin: 0.4, Official: true, rule: passportOfficeRule,
		more:   "Its online application crops photos itself and is reported to want them uncropped",
		Source: "https://www.gov.uk/photos-for-passports"},
	{name: "passport-icao", what: "ICAO 9303, 35x45 mm at 600 dpi: 827x1063, light grey", width: 827, height: 1063,
		background: lightGrey,
		margin:     0.4, Official: true, Source: "https://www.icao.int/publications/pages/publication.aspx?docnum=9303"},
}

// FindPreset returns the preset with that name.
func FindPreset(name string) (Preset, bool) {
	for _, p := range presets {
		if p.name == name {
			return p, true
		}
	}
	return Preset{}, false
}

// Recipe returns the preset as a recipe.
func (p Preset) Recipe() Recipe {
	o := api.DefaultOptions()
	o.Width, o.Height, o.Background, o.Oval = p.width, p.height, p.background, false
	if p.margin > 0 {
		o.Margin = p.margin
	}
	o.Enhance = !p.Official
	o.CropOnly = p.rule != ""
	return Recipe{Options: o, Formats: []string{JPG}, MaxBytes: p.maxBytes}
}

// PresetNames lists the names of all presets, each with its purpose.
func PresetNames() (names [][2]string) {
	for _, p := range presets {
		names = append(names, [2]string{p.name, p.what})
	}
	return names
}

// PresetList describes all presets, with their sources.
func PresetList() string {
	var list strings.Builder
	for _, p := range presets {
		fmt.Fprintf(&list, "\n  %-13s %s\n  %-13s %s\n  %-13s %s", p.name, p.what, "", p.does(), "", p.Source)
	}
	return list.String()
}

// does says what a preset does to a photo, and why.
func (p Preset) does() string {
	switch {
	case p.rule != "":
		return "crops only: " + p.rule
	case p.Official:
		return "replaces the background; the issuing country decides whether that is taken"
	}
	return "replaces the background, enhances the face where the server can"
}

// Notice is what users of a preset for a document should know.
func (p Preset) Notice() string {
	if p.rule == "" {
		return fmt.Sprintf("the size and the background follow %s; no rule on replaced backgrounds was found there: "+
			"ask the issuing country", p.Source)
	}
	var more string
	if p.more != "" {
		more = " " + p.more + "."
	}
	return fmt.Sprintf("cropped only, by the built-in engine: %s.%s Light and background must be right in the photo. "+
		"Check the rules at %s", p.rule, more, p.Source)
}
