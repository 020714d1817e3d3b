package launch

import (
	"context"

	"github.com/djok/facecraft/internal/fault"
)

// Asker gets the word of a person: at a terminal, or in a page.
type Asker interface {
	// CanAsk tells whether there is somebody to ask.
	CanAsk() bool
	// Show shows what a question is about, also to those who want to be told
	// little: nobody agrees to what was not seen.
	Show(headline string, rows [][2]string)
	// Confirm asks, and waits for the answer or the end of ctx. What cannot be
	// undone is loss: it takes more than a mere Enter.
	Confirm(ctx context.Context, question string, loss bool) (bool, error)
}

// question is one that something costly hangs on, with the words for each way in
// which it can end without a yes.
type question struct {
	text string
	loss bool
	// unasked is said where nobody can be asked, with what agrees beforehand.
	unasked, agreeing string
	// declined is said after a no, with what can be done instead.
	declined, instead string
}

// consent asks. Without a yes its error is fault.Declined.
func (l *Launcher) consent(ctx context.Context, q question) error {
	if !l.Asker.CanAsk() {
		return fault.New(fault.Declined, q.agreeing, "%s; confirmation needed, but not running in a terminal", q.unasked)
	}
	agreed, err := l.Asker.Confirm(ctx, q.text, q.loss)
	if err == nil && !agreed {
		err = fault.New(fault.Declined, q.instead, "%s", q.declined)
	}
	return err
}
