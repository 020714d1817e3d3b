package cli

import (
	"io"

	"github.com/djok/facecraft/internal/plan"
)

// counted shows how far the reading of a stream is.
func (a *app) counted(r io.Reader, what string, total int64) io.Reader {
	return &countingReader{Reader: r, show: func(done int64) {
		a.ui.ProgressBar(done, total, "%s: %s", what, plan.Size(done))
	}}
}

// shownEvery is how many bytes lie between two reports of progress.
const shownEvery = 16 << 20

type countingReader struct {
	io.Reader
	show        func(done int64)
	done, shown int64
}

func (r *countingReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.done += int64(n)
	if r.done-r.shown >= shownEvery {
		r.shown = r.done
		r.show(r.done)
	}
	return n, err
}
