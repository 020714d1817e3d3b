package studio

import (
	"crypto/rand"
	"embed"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/pagestyle"
	"github.com/djok/facecraft/internal/studio/guard"
)

//go:embed page
var page embed.FS

// nonceMark is the placeholder for the nonce in the page.
const nonceMark = "{{nonce}}"

// maxBody limits the JSON of a request, in bytes.
const maxBody = 1 << 20

// action handles a request that changes something. It responds with JSON, or with
// nothing if body is nil.
type action func(r *http.Request) (status int, body any, err error)

// routes handles everything that the server responds to. ended is closed when the
// server stops.
func (s *Studio) routes(ended <-chan struct{}) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.servePage)
	mux.HandleFunc("GET /{file}", servePart)
	mux.HandleFunc("GET /api/state", s.serveState)
	mux.HandleFunc("GET /api/events", func(w http.ResponseWriter, r *http.Request) { s.stream(w, r, ended) })
	mux.HandleFunc("GET /api/photos/{id}/{what}", s.servePicture)
	mux.HandleFunc("GET /download/{ticket}/{name}", s.download)
	for pattern, do := range map[string]action{
		"POST /api/photos":    s.upload,
		"POST /api/example":   s.addExample,
		"POST /api/settings":  s.setSettings,
		"POST /api/again":     s.again,
		"POST /api/keep":      s.keep,
		"POST /api/leave":     s.leave,
		"POST /api/rename":    s.rename,
		"POST /api/clear":     s.clear,
		"POST /api/answer":    s.takeAnswer,
		"POST /api/retry":     s.tryAgain,
		"POST /api/folder":    s.openFolder,
		"POST /api/downloads": s.offer,
		"POST /api/end":       s.end,
	} {
		mux.HandleFunc(pattern, do.serve)
	}
	mux.HandleFunc("POST "+invitePath, s.takeInvitation)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		guard.Refuse(w, http.StatusNotFound, "there is nothing at "+r.URL.Path, "")
	})
	return mux
}

// problem is an error with its HTTP status.
type problem struct {
	status int
	error
}

func (p *problem) Unwrap() error { return p.error }

func (do action) serve(w http.ResponseWriter, r *http.Request) {
	status, body, err := do(r)
	var known *problem
	switch {
	case errors.As(err, &known):
		guard.Refuse(w, known.status, err.Error(), fault.HintOf(err))
	case errors.Is(err, errNoPhoto):
		guard.Refuse(w, http.StatusNotFound, err.Error(), "")
	case err != nil && fault.CodeOf(err) == fault.Usage:
		guard.Refuse(w, http.StatusBadRequest, err.Error(), fault.HintOf(err))
	case err != nil:
		guard.Refuse(w, http.StatusInternalServerError, err.Error(), fault.HintOf(err))
	case body == nil:
		w.WriteHeader(http.StatusNoContent)
	default:
		guard.Answer(w, status, body)
	}
}

// read reads the JSON of a request.
func read(r *http.Request, into any) error {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		return &problem{http.StatusUnsupportedMediaType, errors.New("the request is not JSON")}
	}
	text, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		return &problem{http.StatusBadRequest, errors.New("the request is not JSON of the expected form")}
	}
	return nil
}

// servePage serves the page with a fresh nonce for its scripts and styles.
func (s *Studio) servePage(w http.ResponseWriter, _ *http.Request) {
	text, err := page.ReadFile("page/index.html")
	if err != nil {
		panic(err) // it is part of this program
	}
	nonce := rand.Text()
	w.Header().Set("Content-Security-Policy", guard.PagePolicy(nonce))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, strings.ReplaceAll(string(text), nonceMark, nonce)) // the client is gone
}

// servePart serves one of the page's other files.
func servePart(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	content, err := fs.ReadFile(page, path.Join("page", name))
	switch name {
	case "pagestyle.css":
		content, err = []byte(pagestyle.CSS), nil
	case "icon.svg":
		content, err = pagestyle.Icon, nil
	case "index.html":
		err = fs.ErrNotExist // it is only served with a nonce
	}
	if err != nil {
		guard.Refuse(w, http.StatusNotFound, "there is no such file", "")
		return
	}
	w.Header().Set("Content-Type", kinds[path.Ext(name)])
	_, _ = w.Write(content) // the client is gone
}

// kinds are the media types of the page's files; those of mime.TypeByExtension
// depend on the machine.
var kinds = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
	".png": "image/png",
}
