package processview

import (
	"context"
	"errors"
	"io"
	"path/filepath"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/output"
	"github.com/djok/facecraft/internal/pool"
	"github.com/djok/facecraft/internal/report"
	"github.com/djok/facecraft/internal/term"
)

// End sums up, and returns the command's error. runErr is why it ended early.
func (v *View) End(ctx context.Context, runErr error) error {
	v.UI.Clear()
	if !v.Watching {
		v.listFailures()
		if len(v.notes) > 0 {
			v.UI.Warn("%s", listed("backgrounds to look at", v.notes, "--json or --report"))
		}
	}
	v.sum()
	if err := v.writePage(); err != nil {
		return err
	}
	var none *pool.NoServer
	switch failed := v.failed(); {
	case v.Watching && runErr == nil && v.pending == 0: // failures were reported as they happened
		return nil
	case ctx.Err() != nil:
		return fault.New(fault.Interrupted, "run the same command again to continue",
			"interrupted: %d of %d photos are done", v.done+v.kept, v.total)
	case errors.As(runErr, &none):
		hint := "run the same command again to continue"
		if remedy := fault.HintOf(none.Why); remedy != "" {
			hint = remedy + "; then " + hint
		}
		return fault.Wrap(fault.Server, none.Why, hint, "%s not done, and no server is left to do it",
			format.Count(v.pending, "photo is", "photos are"))
	case runErr != nil:
		return runErr
	case v.writeErr != nil:
		return fault.Wrap(fault.Failed, v.writeErr, "", "cannot write to standard output")
	case failed == 0:
		return nil
	case v.total == 1:
		return fault.New(fault.Photos, "", "no portrait was made")
	default:
		return fault.New(fault.Photos, "", "%d of %d photos failed", failed, v.total)
	}
}

func (v *View) writePage() error {
	if v.Page.Path == "" {
		return nil
	}
	err := v.Page.Write(func(w io.Writer) error { return report.Write(w, filepath.Dir(v.Page.Path), v.entries) })
	if err == nil && v.Page.Path != output.Stdout {
		v.UI.Done("Wrote the report to %s", term.Name(v.Page.Path))
	}
	return err
}
