package processview

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"syscall"

	"github.com/djok/facecraft/internal/batch"
	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/output"
	"github.com/djok/facecraft/internal/photo"
	"github.com/djok/facecraft/internal/report"
	"github.com/djok/facecraft/internal/term"
)

// print writes what belongs on standard output.
func (v *View) print(r batch.Result) {
	if v.JSON {
		v.UI.Clear()
		v.written(json.NewEncoder(v.Stdout).Encode(line(r)))
		return
	}
	if r.Outcome == batch.Failed || v.Page.Path == output.Stdout {
		return
	}
	if v.ToStdout {
		v.written(v.copy(r.Results[0]))
		return
	}
	if r.Outcome == batch.Done && v.Preview {
		v.picture(r.Results[0])
	}
	v.UI.Clear()
	for _, result := range r.Results {
		text := result + "\n"
		switch {
		case v.Null:
			text = result + "\x00"
		case v.terminal:
			text = term.Name(result) + "\n"
		}
		_, err := io.WriteString(v.Stdout, text)
		v.written(err)
	}
}

// written records the first failure to write to standard output. A reader that
// closed the pipe is not a failure.
func (v *View) written(err error) {
	if v.writeErr == nil && !errors.Is(err, syscall.EPIPE) {
		v.writeErr = err
	}
}

func (v *View) copy(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(v.Stdout, file)
	return err
}

func entry(r batch.Result) report.Entry {
	e := report.Entry{Photo: r.Path, Name: r.Name, Outcome: string(r.Outcome), Cause: string(r.Cause),
		Seconds: format.Seconds(r.Took)}
	if r.Spooled {
		e.Photo = ""
	}
	if r.Err != nil {
		e.Why = r.Err.Error()
	} else if len(r.Results) > 0 {
		e.Results, e.Note = r.Results, r.Note
	}
	return e
}

// picture shows a portrait in the terminal.
func (v *View) picture(path string) {
	var small bytes.Buffer
	if err := photo.Thumbnail(&small, path, previewSide); err != nil {
		v.UI.Warn("cannot preview %s: %v", term.Name(path), err)
	} else if !v.UI.Picture(small.Bytes(), v.Getenv) {
		v.UI.Warn("this terminal cannot show images; --preview needs kitty, Ghostty, WezTerm or iTerm2")
		v.Preview = false
	}
}
