package processview

import (
	"testing"

	"github.com/djok/facecraft/internal/batch"
)

// TestWaitsInWords: each phase says what is waited for.
func TestWaitsInWords(t *testing.T) {
	t.Parallel()
	for phase, want := range map[batch.Phase]string{
		batch.Sending:    "sending anna.jpg to http://gpu1:8000",
		batch.Working:    "http://gpu1:8000 is working on anna.jpg",
		batch.Fetching:   "fetching the portrait of anna.jpg from http://gpu1:8000",
		batch.Pausing:    "http://gpu1:8000 asked for a pause",
		batch.Recovering: "waiting for http://gpu1:8000 to answer again",
	} {
		if got := waitText(batch.Wait{Phase: phase, Photo: "photos/anna.jpg", Server: "http://gpu1:8000"}); got != want {
			t.Errorf("%s: %q, want %q", phase, got, want)
		}
	}
}
