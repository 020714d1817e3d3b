package studio

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/djok/facecraft/internal/studio/spool"
)

// TestPhotoThatStopsTheServer is tried again when the user asks for that, and its
// text says what to do on the page.
func TestPhotoThatStopsTheServer(t *testing.T) {
	t.Parallel()
	var hits atomic.Int64
	server := liteServer(t, func(engine http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil || bytes.Contains(body, []byte("photo 666")) {
				hits.Add(1)
				panic(http.ErrAbortHandler)
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			engine.ServeHTTP(w, r)
		})
	})
	v := open(t, Config{Endpoints: []string{server.URL}})
	bomb, _ := v.drop("bomb.jpg", numbered(666))
	v.until("the first failure", settled)
	v.drop("anna.jpg", example) // proves that the server works
	v.until("a portrait", settled)
	before := hits.Load()
	v.post("/api/again", map[string]any{"ids": []string{bomb.ID}})
	s := v.until("another failure", settled)
	if hits.Load() == before {
		t.Error("it was not tried again")
	}
	p := s.Photos[0]
	if p.State != string(spool.Failed) || strings.Contains(p.Problem.What, "--") || p.Problem.Fix == "" {
		t.Errorf("%+v, %+v", p, p.Problem)
	}
}
