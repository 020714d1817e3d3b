package studio

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/launch"
	"github.com/djok/facecraft/internal/progress"
)

// voice shows launch's messages on the page, and those that are worth reading
// later also in the terminal.
type voice struct {
	launch.UI
	studio *Studio

	mu   sync.Mutex
	rows [][2]string // to show with a question
}

func (v *voice) Headline(format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.rows = nil
}

func (v *voice) Table(rows [][2]string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.rows = append(v.rows, rows...)
}

func (v *voice) Say(format string, args ...any) { v.text(format, args...) }

func (v *voice) Done(format string, args ...any) {
	v.UI.Done(format, args...)
	v.text(format, args...)
}

func (v *voice) Progress(format string, args ...any) { v.text(format, args...) }

func (v *voice) ProgressBar(done, total int64, format string, args ...any) {
	v.studio.advance(fmt.Sprintf(format, args...), done, total)
}

func (v *voice) Clear() {}

func (v *voice) text(format string, args ...any) {
	v.studio.advance(fmt.Sprintf(format, args...), 0, 0)
}

// about returns the rows of the tables since the last headline.
func (v *voice) about() [][2]string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.rows
}

// advance shows the progress of a start or a download.
func (s *Studio) advance(text string, done, total int64) {
	s.changeServer(func(v *serverView) {
		if v.State == looking || v.State == asking {
			v.State = starting
		}
		v.Text, v.Done, v.Total = text, done, total
	})
}

// progress shows the runner's events.
func (s *Studio) progress(e progress.Event) {
	switch e.Stage {
	case progress.Pulling:
		text := "Downloading"
		if e.Rate > 0 {
			text += ", " + format.Size(e.Rate) + "/s"
		}
		if e.Left > 0 {
			text += ", " + format.Duration(e.Left) + " left"
		}
		s.advance(text, e.Done, e.Total)
	case progress.Unpacking:
		s.advance("Unpacking", e.Done, e.Total)
	case progress.Retrying:
		s.advance(e.Subject+"; retrying in "+format.Duration(e.Left), 0, 0)
	case progress.Busy:
		s.advance("Waiting for another facecraft to finish downloading", 0, 0)
	case progress.Loading, progress.Starting:
		s.advance("Starting the server", 0, 0)
	case progress.Waiting:
		text := fmt.Sprintf("Starting the server, %d s", e.Done)
		if e.Total > 0 {
			text += fmt.Sprintf(" of usually %d s", e.Total)
		}
		s.advance(text, 0, 0)
	}
}

// The answers to the question whether to download an image.
const (
	answerAI   = "ai"
	answerLite = "lite"
)

// asker asks on the page.
type asker struct {
	studio *Studio
	voice  *voice
}

func (a *asker) CanAsk() bool { return true }

func (a *asker) Show(headline string, rows [][2]string) { a.voice.Table(rows) }

// Confirm asks the user to choose between downloading the image with AI models and
// the built-in engine, which makes the portraits until a download is finished.
func (a *asker) Confirm(ctx context.Context, text string, loss bool) (bool, error) {
	if loss {
		return false, fault.New(fault.Declined, "run facecraft up in a terminal", "%s", text)
	}
	s := a.studio
	value, err := s.ask(ctx, questionView{Headline: "Which portraits would you like?", Rows: a.voice.about(), Text: text,
		Options: []optionView{
			{answerAI, "AI portraits", "after this download; until then the built-in engine makes them"},
			{answerLite, "Lite now", "no download and no AI models"},
		}})
	if err != nil || value != answerAI {
		return false, err
	}
	return true, s.useBuiltIn(ctx, serverView{State: starting, Text: "Downloading", Meanwhile: true})
}

// ask shows a question and waits for the answer.
func (s *Studio) ask(ctx context.Context, q questionView) (string, error) {
	answer := make(chan string, 1)
	s.mu.Lock()
	s.questions++
	q.ID = "q" + strconv.Itoa(s.questions)
	s.question, s.answer = &q, answer
	s.server.State = asking
	s.events.Send("question", s.question)
	s.events.Send("server", s.server)
	s.mu.Unlock()
	s.config.Settings.UI.Say("The page has a question")
	select {
	case value := <-answer:
		return value, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// answerWith receives the answer to a question, and reports whether it was asked.
func (s *Studio) answerWith(id, value string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.question == nil || s.question.ID != id {
		return false
	}
	s.answer <- value
	s.question = nil
	s.events.Send("question", nil)
	return true
}
