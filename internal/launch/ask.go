package launch

import (
	"context"

	"github.com/djok/facecraft/internal/fault"
)

// Asker asks a person for confirmation: on a terminal, or on a page.
type Asker interface {
	// CanAsk reports whether a person can answer.
	CanAsk() bool
	// Show shows what a question is about, even with --quiet: people must see
	// what they agree to.
	Show(headline string, rows [][2]string)
	// Confirm asks, and waits for the answer or the end of ctx. With loss, yes
	// cannot be undone, so pressing Enter is not enough.
	Confirm(ctx context.Context, question string, loss bool) (bool, error)
}

// question is a question before something costly, with the text for each way it
// can end without a yes.
type question struct {
	text string
	loss bool
	// unasked is shown if no one can be asked; agreeing is how to agree in advance.
	unasked, agreeing string
	// declined is shown after a no, with what can be done instead.
	declined, instead string
}

// consent asks. Without a yes, its error has the code fault.Declined.
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
