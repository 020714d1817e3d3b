package processview

import (
	"slices"
	"unicode/utf8"

	"github.com/djok/facecraft/internal/batch"
	"github.com/djok/facecraft/internal/format"
)

// resultLine is a photo in `process --json`. JSON can only hold Unicode, but file
// names are bytes: in those that are not UTF-8, invalid bytes are replaced by
// U+FFFD, and an additional field has the exact name in base64.
type resultLine struct {
	Photo         string        `json:"photo"`
	PhotoBase64   []byte        `json:"photo_base64,omitempty"`
	Outcome       batch.Outcome `json:"outcome"`
	Results       []string      `json:"results,omitempty"`
	ResultsBase64 [][]byte      `json:"results_base64,omitempty"` // of all, if one is not UTF-8
	Cause         batch.Cause   `json:"cause,omitempty"`
	Error         string        `json:"error,omitempty"`
	Server        string        `json:"server,omitempty"`
	Seconds       float64       `json:"seconds,omitempty"`

	BackgroundNote string `json:"background_note,omitempty"` // what happened to it, if it was not simply replaced
}

func line(r batch.Result) resultLine {
	l := resultLine{Photo: r.Name, Outcome: r.Outcome, Cause: r.Cause, Server: r.Server, Seconds: format.Seconds(r.Took)}
	if !utf8.ValidString(r.Name) {
		l.PhotoBase64 = []byte(r.Name)
	}
	if r.Err != nil {
		l.Error = r.Err.Error()
		return l
	}
	l.Results, l.BackgroundNote = r.Results, r.Note
	if slices.ContainsFunc(r.Results, func(name string) bool { return !utf8.ValidString(name) }) {
		for _, name := range r.Results {
			l.ResultsBase64 = append(l.ResultsBase64, []byte(name))
		}
	}
	return l
}
