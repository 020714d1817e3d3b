package processview

import (
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	"github.com/djok/facecraft/internal/batch"
)

func TestLine(t *testing.T) {
	t.Parallel()
	odd := batch.Job{Photo: batch.Photo{Name: "m\xfcller.jpg"}, Results: []string{"out/a.png", "out/m\xfcller.png"}}
	plain := batch.Job{Photo: batch.Photo{Name: "müller.jpg"}, Results: []string{"müller.png"}}
	of := func(text string) string { return `"` + base64.StdEncoding.EncodeToString([]byte(text)) + `"` }
	for _, tt := range []struct {
		result batch.Result
		want   string
	}{
		{batch.Result{Job: &plain, Outcome: batch.Done, Took: 1_940_999_999},
			`{"photo":"müller.jpg","outcome":"done","results":["müller.png"],"seconds":1.941}`},
		{batch.Result{Job: &plain, Outcome: batch.Kept, Took: 2 * time.Second},
			`{"photo":"müller.jpg","outcome":"kept","results":["müller.png"],"seconds":2}`},
		{batch.Result{Job: &odd, Outcome: batch.Done},
			`{"photo":"m\ufffdller.jpg","photo_base64":` + of("m\xfcller.jpg") +
				`,"outcome":"done","results":["out/a.png","out/m\ufffdller.png"],` +
				`"results_base64":[` + of("out/a.png") + `,` + of("out/m\xfcller.png") + `]}`},
	} {
		if got, err := json.Marshal(line(tt.result)); err != nil || string(got) != tt.want {
			t.Errorf("%s, %v\nwant %s", got, err, tt.want)
		}
	}
}
