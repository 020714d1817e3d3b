package gateway

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"
)

// batchAnswer and batchItem are the contract's BatchResponse and BatchResultItem.
type batchAnswer struct {
	Job        string      `json:"job_id"`
	Total      int         `json:"total"`
	Successful int         `json:"successful"`
	Failed     int         `json:"failed"`
	Took       int64       `json:"processing_time_ms"`
	Results    []batchItem `json:"results"`
}

type batchItem struct {
	Filename string  `json:"filename"`
	Success  bool    `json:"success"`
	Download *string `json:"download_url"`
	Error    *string `json:"error"`
	Message  *string `json:"error_message"`
}

// batch processes each photo of a form separately, on all servers, and responds with
// addresses where the portraits are. Those of the images do not exist.
func (g *Gateway) batch(w http.ResponseWriter, r *http.Request) {
	begin := time.Now()
	leave, err := g.enter()
	if err != nil {
		g.refuse(w, r, err)
		return
	}
	defer leave()
	form, done, err := g.receiveBatch(w, r)
	if err != nil {
		g.refuse(w, r, err)
		return
	}
	defer done()
	if len(form.photos) == 0 { // a server explains best what is wrong
		g.passBatch(w, r, form)
		return
	}
	outcome := g.fanOut(r, form)
	if outcome.invalid != nil { // a field is wrong, for every photo
		defer outcome.invalid.release()
		_ = g.send(w, outcome.invalid) // the client is gone
		return
	}
	answer := batchAnswer{Job: newBatchID(), Total: len(form.photos), Results: outcome.items}
	for _, item := range outcome.items {
		if item.Success {
			answer.Successful++
		} else {
			answer.Failed++
		}
	}
	answer.Took = time.Since(begin).Milliseconds()
	answerJSON(w, http.StatusOK, answer)
}

// newBatchID returns an ID like a server's, but of no server: each result has a
// separate ID.
func newBatchID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails: it crashes the program instead
	return hex.EncodeToString(id[:])
}

// passBatch lets a server respond to a form without photos.
func (g *Gateway) passBatch(w http.ResponseWriter, r *http.Request, form *batchForm) {
	body, header := form.encode(r.Header, nil)
	defer body.release()
	a, err := g.make(r.Context(), &work{path: r.URL.Path, header: header, body: body, length: -1}, noteOf(r))
	if err != nil {
		g.refuse(w, r, err)
		return
	}
	defer a.release()
	_ = g.send(w, a) // the client is gone
}

// outcome is the result of a batch.
type outcome struct {
	mu      sync.Mutex
	items   []batchItem
	note    *note
	invalid *answer // 422, if a server says that about the fields
}

// fanOut processes the photos of a batch on all servers. It keeps one at work and one
// waiting for each server, so that other clients get their turns.
func (g *Gateway) fanOut(r *http.Request, form *batchForm) *outcome {
	o := &outcome{items: make([]batchItem, len(form.photos)), note: noteOf(r)}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	places := make(chan struct{}, 2*len(g.servers))
	var working sync.WaitGroup
	for i, photo := range form.photos {
		places <- struct{}{}
		working.Go(func() {
			defer func() { <-places }()
			if invalid := g.batchPhoto(ctx, r, form, photo, o, i); invalid {
				cancel()
			}
		})
	}
	working.Wait()
	return o
}

// batchPhoto processes one photo of a batch, and reports whether the form is invalid.
func (g *Gateway) batchPhoto(
	ctx context.Context, r *http.Request, form *batchForm, photo *batchPhoto, o *outcome, i int,
) (invalid bool) {
	body, header := form.encode(r.Header, photo)
	photo.release()
	defer body.release()
	n := &note{}
	a, err := g.make(ctx, &work{path: processRoute, header: header, body: body, length: -1}, n)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.note.server, o.note.attempts = n.server, o.note.attempts+n.attempts
	o.note.queued, o.note.worked = o.note.queued+n.queued, o.note.worked+n.worked
	if err != nil {
		o.items[i] = failed(photo.name, g.refusalFor(err).detail, "")
		return false
	}
	if a.status == http.StatusUnprocessableEntity && o.invalid == nil {
		o.invalid = a
		return true
	}
	defer a.release()
	o.items[i] = g.batchItem(photo.name, a, r.Context())
	return false
}

// batchItem turns the response for a photo into an item of the batch's response.
func (g *Gateway) batchItem(name string, a *answer, client context.Context) batchItem {
	raw, formats := g.rename(a)
	g.keepJob(client, a.server, raw, formats)
	var said struct {
		made
		Success      bool            `json:"success"`
		Error        string          `json:"error"`
		ErrorMessage string          `json:"error_message"`
		Detail       json.RawMessage `json:"detail"`
	}
	if err := json.Unmarshal(a.body.bytes(), &said); err != nil {
		return failed(name, errInvalidAnswer.Error(), "")
	}
	var detail string
	switch {
	case a.status != http.StatusOK:
		if json.Unmarshal(said.Detail, &detail) != nil {
			detail = http.StatusText(a.status)
		}
		return failed(name, detail, "")
	case !said.Success:
		return failed(name, said.Error, said.ErrorMessage)
	}
	address := said.PNG
	if address == "" {
		address = said.JPG
	}
	return batchItem{Filename: name, Success: true, Download: &address}
}

var errInvalidAnswer = errors.New("the server sent an invalid answer")

// failed is the item for a photo without a portrait. If there is no message for
// people, it uses the error.
func failed(name, why, message string) batchItem {
	if message == "" {
		message = why
	}
	return batchItem{Filename: name, Error: &why, Message: &message}
}
