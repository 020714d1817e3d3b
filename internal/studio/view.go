package studio

import (
	"github.com/djok/facecraft/internal/batch"
	"github.com/djok/facecraft/internal/studio/guard"
	"github.com/djok/facecraft/internal/studio/sheet"
	"github.com/djok/facecraft/internal/studio/spool"
)

// The state as pages see it.
type (
	stateView struct {
		Version       string        `json:"version"`
		Folder        string        `json:"folder"`
		CanOpenFolder bool          `json:"canOpenFolder"`
		Photos        []photoView   `json:"photos"`
		Settings      Settings      `json:"settings"`
		Server        serverView    `json:"server"`
		Question      *questionView `json:"question"`
		Presets       []presetView  `json:"presets"`
		Papers        []string      `json:"papers"`
	}

	photoView struct {
		ID       string         `json:"id"`
		Name     string         `json:"name"`
		Title    string         `json:"title"`
		State    string         `json:"state"` // a spool.State, or making
		Files    []string       `json:"files"`
		Settings Settings       `json:"settings"`
		Kept     bool           `json:"kept"`
		Version  int            `json:"version"`
		Engine   string         `json:"engine"`
		Note     string         `json:"note"`
		Problem  *guard.Problem `json:"problem"`
		Size     int64          `json:"size"` // in bytes
		Seconds  float64        `json:"seconds"`
	}

	serverView struct {
		State   serverState    `json:"state"`
		Engine  string         `json:"engine"`
		Text    string         `json:"text"`
		Done    int64          `json:"done"` // bytes of a download, and so is Total
		Total   int64          `json:"total"`
		Problem *guard.Problem `json:"problem"`
		Enhance enhanceView    `json:"enhance"`
		// Meanwhile means that the built-in engine makes portraits during a download.
		Meanwhile bool `json:"meanwhile"`
	}

	enhanceView struct {
		Can bool   `json:"can"`
		Why string `json:"why"` // not
	}

	questionView struct {
		ID       string       `json:"id"`
		Headline string       `json:"headline"`
		Rows     [][2]string  `json:"rows"`
		Text     string       `json:"text"`
		Options  []optionView `json:"options"`
	}

	optionView struct {
		Value  string `json:"value"`
		Label  string `json:"label"`
		Detail string `json:"detail"`
	}

	presetView struct {
		Name       string  `json:"name"`
		Title      string  `json:"title"`
		Width      int     `json:"width"`
		Height     int     `json:"height"`
		Background string  `json:"background"`
		Margin     float64 `json:"margin"`
		CropOnly   bool    `json:"cropOnly"`
		Official   bool    `json:"official"`
		Source     string  `json:"source"`
		Notice     string  `json:"notice"`
	}
)

// making is the state of a photo that a server is processing.
const making = "making"

// view is the whole state. The caller holds s.mu.
func (s *Studio) view() stateView {
	v := stateView{Version: s.config.Settings.Version, Folder: s.config.Folder, CanOpenFolder: s.config.Open != nil,
		Photos: []photoView{}, Settings: stored(s.spool.Settings()), Server: s.server, Question: s.question,
		Presets: presetViews(), Papers: sheet.Names()}
	for _, p := range s.spool.Photos() {
		v.Photos = append(v.Photos, s.photoView(p))
	}
	return v
}

// photoView is a photo as pages see it. The caller holds s.mu.
func (s *Studio) photoView(p spool.Photo) photoView {
	v := photoView{ID: p.ID, Name: p.Name, Title: p.Title, State: string(p.State), Files: p.Files,
		Settings: stored(p.Settings), Kept: p.Kept, Version: p.Version, Engine: p.Engine, Note: p.Note,
		Size: p.Size, Seconds: p.Seconds}
	if v.Files == nil {
		v.Files = []string{}
	}
	if s.making[p.ID] && p.State == spool.Waiting {
		v.State = making
	}
	if p.What != "" {
		v.Problem = &guard.Problem{What: p.What, Fix: p.Fix}
	}
	return v
}

func presetViews() (list []presetView) {
	for _, name := range batch.PresetNames() {
		preset, _ := batch.FindPreset(name[0])
		r := preset.Recipe()
		v := presetView{Name: name[0], Title: name[1], Width: r.Width, Height: r.Height, Background: r.Background.String(),
			Margin: r.Margin, CropOnly: r.CropOnly, Official: preset.Official, Source: preset.Source}
		if preset.Official {
			v.Notice = preset.Notice()
		}
		list = append(list, v)
	}
	return list
}
