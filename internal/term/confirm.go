package term

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
)

// CanAsk reports whether there is a user who can read and answer a question.
func (ui *UI) CanAsk(stdin io.Reader) bool { return ui.terminal && IsTerminal(stdin) }

// Confirm asks a question; Enter means yes and end of input means no. It returns
// an error if ctx ends first.
func (ui *UI) Confirm(ctx context.Context, stdin io.Reader, question string) (bool, error) {
	return ui.ask(ctx, stdin, question, true)
}

// ConfirmLoss is Confirm for something irreversible: Enter means no.
func (ui *UI) ConfirmLoss(ctx context.Context, stdin io.Reader, question string) (bool, error) {
	return ui.ask(ctx, stdin, question, false)
}

func (ui *UI) ask(ctx context.Context, stdin io.Reader, question string, enter bool) (bool, error) {
	choices := " [y/N] "
	if enter {
		choices = " [Y/n] "
	}
	ui.Clear()
	fmt.Fprint(ui.err, ui.paint(bold, question), choices)
	type line struct {
		text string
		err  error
	}
	answered := make(chan line, 1)
	// The read cannot be interrupted, but the process exits soon after ctx ends.
	go func() {
		text, err := bufio.NewReader(stdin).ReadString('\n')
		answered <- line{text, err}
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(ui.err)
		return false, ctx.Err()
	case answer := <-answered:
		if answer.err != nil {
			fmt.Fprintln(ui.err)
			return false, nil
		}
		switch strings.ToLower(strings.TrimSpace(answer.text)) {
		case "":
			return enter, nil
		case "y", "yes":
			return true, nil
		}
		return false, nil
	}
}
