package api

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestBothContracts uses the responses of both generations of the images' HTTP
// libraries (pydantic 1 and 2).
func TestBothContracts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ done, status, invalid string }{
		"pydantic 1": {
			`{"success":true,"job_id":"d7c09a08","result":{"face_count":1},"png_url":"/x","png_base64":null,"error":null}`,
			`{"version":"1.0.0","device":{"type":"cpu","name":"","cuda_version":null},` +
				`"models":{"face_enhancer":{"loaded":false,"type":"CodeFormer"}}}`,
			`{"detail":[{"loc":["body","file"],"msg":"field required","type":"value_error.missing"}]}`,
		},
		"pydantic 2": {
			`{"success":true,"job_id":"d7c09a08","result":{"face_count":1},"download_url":null,"png_url":"/x",` +
				`"png_base64":null,"error":null}`,
			`{"version":"1.0.0","device":{"type":"cpu","name":null,"cuda_version":null},` +
				`"models":{"face_enhancer":{"loaded":false,"type":"CodeFormer"}}}`,
			`{"detail":[{"type":"missing","loc":["body","file"],"msg":"Field required","input":null}]}`,
		},
	} {
		answer := c.done
		client := serve(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			switch {
			case r.URL.Path == "/status":
				answer = c.status
			case answer == c.invalid:
				w.WriteHeader(http.StatusUnprocessableEntity)
			}
			fmt.Fprint(w, answer)
		})
		if done, err := client.Process(t.Context(), upload("x"), DefaultOptions()); err != nil ||
			done != (Processed{Job: "d7c09a08", Faces: 1}) {
			t.Errorf("%s: %+v, %v", name, done, err)
		}
		if s, err := client.Status(t.Context()); err != nil || s.Device.Type != "cpu" || s.Device.Name != "" ||
			len(s.Models) != 1 {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
		answer = c.invalid
		_, err := client.Process(t.Context(), upload("x"), DefaultOptions())
		var rejected *Rejected
		if !errors.As(err, &rejected) || !strings.Contains(strings.ToLower(err.Error()), "field required") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
