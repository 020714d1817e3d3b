package pagetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"strings"
	"sync"
	"testing"

	"golang.org/x/image/draw"

	"github.com/djok/facecraft/internal/pagestyle"
)

// thumbSide is the side of a small portrait, in pixels.
const thumbSide = 320

// object is JSON.
type object = map[string]any

// fake serves the page with states that a real studio is long in.
type fake struct {
	*httptest.Server
	t     *testing.T
	state object

	mu     sync.Mutex
	posts  []string // path and body
	events []string // to be sent when the page follows
}

var settings = object{"preset": "", "width": 648, "height": 648, "background": "#f0f0f0", "margin": 0.3, "oval": true,
	"enhance": true, "fidelity": 0.7, "format": "png"}

// server is the state of servers: lite is ready.
func server(state, engine string, more object) object {
	s := object{"state": state, "engine": engine, "text": "", "done": 0, "total": 0, "problem": nil, "meanwhile": false,
		"enhance": object{"can": engine == "cpu", "why": "the built-in engine does not enhance faces"}}
	for key, value := range more {
		s[key] = value
	}
	return s
}

// portraits are n that are done, and one that failed.
func portraits(n int) []object {
	all := []object{{"id": "bad", "name": "coffee.png", "title": "coffee", "state": "failed", "files": []string{},
		"kept": false, "settings": settings, "version": 1, "engine": "", "note": "",
		"problem": object{"what": "no face was found", "fix": "choose another photo"}}}
	for i := range n {
		file := fmt.Sprint(i, ".png")
		all = append(all, object{"id": fmt.Sprint("p", i), "name": file, "title": fmt.Sprint("Person <b>", i),
			"state": "done", "files": []string{file}, "settings": settings, "kept": i == 0, "version": 1,
			"engine": "lite", "note": "the background was kept", "problem": nil})
	}
	return all
}

// newFake serves a state with these parts until the test ends.
func newFake(t *testing.T, server object, question any, photos []object) *fake {
	t.Helper()
	f := &fake{t: t, state: object{"version": "1", "folder": "/home/anna/Pictures/Facecraft", "canOpenFolder": true,
		"photos": photos, "settings": settings, "server": server, "question": question, "papers": []string{"10x15"},
		"presets": []object{{"name": "passport-us", "title": "United States: 600x600", "width": 600, "height": 600,
			"background": "#ffffff", "margin": 0.55, "cropOnly": true, "official": true,
			"source": "https://travel.state.gov/photos.html", "notice": "cropped only: ask the authority"}}}}
	f.Server = httptest.NewServer(f)
	t.Cleanup(func() {
		f.CloseClientConnections()
		f.Close()
	})
	return f
}

// ServeHTTP answers as the studio does.
func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/":
		f.page(w)
	case r.URL.Path == "/pagestyle.css":
		w.Header().Set("Content-Type", "text/css")
		fmt.Fprint(w, pagestyle.CSS)
	case r.URL.Path == "/icon.svg":
		w.Header().Set("Content-Type", "image/svg+xml")
		_, _ = w.Write(pagestyle.Icon)
	case r.URL.Path == "/api/session":
		fmt.Fprint(w, `{"key":"k"}`)
	case r.URL.Path == "/api/events":
		f.follow(w, r)
	case strings.HasSuffix(r.URL.Path, "/thumb"):
		w.Header().Set("Content-Type", "image/png")
		_, _ = w.Write(thumb(f.t))
	case strings.HasPrefix(r.URL.Path, "/api/photos/"):
		http.ServeFile(w, r, "../../lite/testdata/portrait-oval.png")
	case r.Method == http.MethodPost:
		f.post(w, r)
	default:
		http.ServeFile(w, r, "../page/"+path.Base(r.URL.Path))
	}
}

// thumbs holds the only one.
var thumbs sync.Map

// thumb is a portrait as small as those of the studio.
func thumb(t *testing.T) []byte {
	if made, ok := thumbs.Load(thumbSide); ok {
		return made.([]byte)
	}
	large, err := png.Decode(bytes.NewReader(read(t, "../../lite/testdata/portrait-oval.png")))
	if err != nil {
		t.Error(err)
		return nil
	}
	small := image.NewNRGBA(image.Rect(0, 0, thumbSide, thumbSide))
	draw.ApproxBiLinear.Scale(small, small.Rect, large, large.Bounds(), draw.Src, nil)
	var data bytes.Buffer
	if err := png.Encode(&data, small); err != nil {
		t.Error(err)
	}
	thumbs.Store(thumbSide, data.Bytes())
	return data.Bytes()
}

func (f *fake) page(w http.ResponseWriter) {
	text, err := os.ReadFile("../page/index.html")
	if err != nil {
		f.t.Error(err)
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'nonce-n'; style-src 'nonce-n'; "+
		"connect-src 'self'; img-src blob: 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	fmt.Fprint(w, strings.ReplaceAll(string(text), "{{nonce}}", "n"))
}

func (f *fake) follow(w http.ResponseWriter, r *http.Request) {
	state, err := json.Marshal(f.state)
	if err != nil {
		f.t.Error(err)
	}
	w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprintf(w, "id: b-1\nevent: state\ndata: %s\n\n", state)
	for _, event := range f.events {
		fmt.Fprint(w, event)
	}
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}

func (f *fake) post(w http.ResponseWriter, r *http.Request) {
	var body any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		f.t.Error(err)
	}
	text, _ := json.Marshal(body)
	f.mu.Lock()
	f.posts = append(f.posts, r.URL.Path+" "+string(text))
	f.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

// posted tells whether the page has sent this.
func (f *fake) posted(want string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, post := range f.posts {
		if post == want {
			return true
		}
	}
	return false
}

// visit opens the page.
func (f *fake) visit() *tab {
	f.t.Helper()
	p := newTab(f.t, f.URL+"/#token")
	p.until("document.querySelector('#look form') !== null")
	return p
}
