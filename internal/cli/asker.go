package cli

import (
	"context"

	"github.com/djok/facecraft/internal/term"
)

// asker asks questions on the terminal.
type asker struct{ app *app }

func (a asker) CanAsk() bool { return a.app.ui.CanAsk(a.app.Stdin) }

// Show ignores --quiet.
func (a asker) Show(headline string, rows [][2]string) {
	loud := term.New(a.app.Stderr, a.app.Getenv, false)
	loud.Headline("%s", headline)
	loud.Table(rows)
}

func (a asker) Confirm(ctx context.Context, question string, loss bool) (bool, error) {
	if loss {
		return a.app.ui.ConfirmLoss(ctx, a.app.Stdin, question)
	}
	return a.app.ui.Confirm(ctx, a.app.Stdin, question)
}
