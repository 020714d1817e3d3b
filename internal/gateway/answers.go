package gateway

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
)

// answerJSON writes a JSON response as the images do: on one line, with its length.
// Write errors are ignored: the client is gone.
func answerJSON(w http.ResponseWriter, status int, body any) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		panic(err) // all responses can be encoded
	}
	data := bytes.TrimSuffix(text.Bytes(), []byte("\n"))
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	w.WriteHeader(status)
	_, _ = w.Write(data)
}

// answerDetail writes an error as the images do.
func answerDetail(w http.ResponseWriter, status int, detail string) {
	answerJSON(w, status, map[string]string{"detail": detail})
}

// answerLater is answerDetail for a request that may succeed later.
func answerLater(w http.ResponseWriter, status, seconds int, detail string) {
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	answerDetail(w, status, detail)
}
