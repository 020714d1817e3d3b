package images

import "testing"

// TestRepetitionsAreNoNews: a containerd store reports a layer again and again,
// whether data arrives or not.
func TestRepetitionsAreNoNews(t *testing.T) {
	t.Parallel()
	last := said{}
	for _, step := range []struct {
		message string
		news    bool
	}{
		{`{"status":"Pulling fs layer","id":"aaaaaaaaaaaa"}`, true},
		{`{"status":"Downloading","progressDetail":{"current":100,"total":900},"id":"aaaaaaaaaaaa"}`, true},
		{`{"status":"Downloading","progressDetail":{"current":100,"total":900},"id":"bbbbbbbbbbbb"}`, true},
		{`{"status":"Downloading","progressDetail":{"current":100,"total":900},"id":"aaaaaaaaaaaa"}`, false},
		{`{"status":"Downloading","progressDetail":{"current":101,"total":900},"id":"aaaaaaaaaaaa"}`, true},
		{`{"status":"Retrying in 2 seconds","id":"aaaaaaaaaaaa"}`, true},
		{`{"status":"Retrying in 1 second","id":"aaaaaaaaaaaa"}`, true},
		{`{"status":"Extracting","progressDetail":{"current":1,"units":"s"},"id":"aaaaaaaaaaaa"}`, true},
		{`{"status":"Extracting","progressDetail":{"current":1,"units":"s"},"id":"aaaaaaaaaaaa"}`, false},
		{`{"status":"Extracting","progressDetail":{"current":2,"units":"s"},"id":"aaaaaaaaaaaa"}`, true},
	} {
		if got := last.news(message(t, step.message)); got != step.news {
			t.Errorf("%s: news %v", step.message, got)
		}
	}
}
