package studio

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/djok/facecraft/internal/launch"
	"github.com/djok/facecraft/internal/lite"
	"github.com/djok/facecraft/internal/studio/guard"
	"github.com/djok/facecraft/internal/term"
)

// liteServer starts the built-in engine, wrapped in around if that is not nil.
func liteServer(t testing.TB, around func(http.Handler) http.Handler) *httptest.Server {
	t.Helper()
	engine, err := lite.New(lite.Config{UploadDir: filepath.Join(t.TempDir(), "uploads"),
		OutputDir: filepath.Join(t.TempDir(), "processed"), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(engine.Close)
	if err := engine.Load(); err != nil {
		t.Fatal(err)
	}
	var handler http.Handler = engine
	if around != nil {
		handler = around(engine)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

// visitor is a browser that opened the page of a running studio.
type visitor struct {
	t       testing.TB
	address string
	key     string
	folder  string
	end     func() error // ends the studio
}

func silentUI(t testing.TB) *term.UI { return term.New(t.Output(), os.Getenv, false) }

// open runs a studio with a folder until the test ends.
func open(t testing.TB, c Config) *visitor {
	t.Helper()
	if c.Folder == "" {
		c.Folder = filepath.Join(t.TempDir(), "portraits")
	}
	c.Settings = launch.Settings{UI: silentUI(t), Getenv: os.Getenv, Version: "test"}
	addresses := make(chan string, 1)
	c.Ready = func(address string) { addresses <- address }
	c.Request.Timeout = 5 * time.Second
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, c) }()
	v := &visitor{t: t, folder: c.Folder}
	v.end = func() error {
		stop()
		err := <-ended
		ended <- err
		return err
	}
	t.Cleanup(func() { _ = v.end() })
	select {
	case address := <-addresses:
		v.enter(address)
	case err := <-ended:
		t.Fatal(err)
	}
	return v
}

// enter exchanges the token in an address for a key.
func (v *visitor) enter(address string) {
	v.t.Helper()
	at, token, _ := strings.Cut(address, "/#")
	v.address = at
	var answer struct{ Key string }
	v.do("POST", "/api/session", nil, &answer, guard.TokenHeader, token)
	if v.key = answer.Key; v.key == "" {
		v.t.Fatal("no key for the token")
	}
}

// request makes a request with the key. headers are names and values.
func (v *visitor) request(method, path string, body io.Reader, headers ...string) *http.Request {
	r, err := http.NewRequest(method, v.address+path, body)
	if err != nil {
		v.t.Fatal(err)
	}
	if v.key != "" {
		r.Header.Set(guard.KeyHeader, v.key)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

func (v *visitor) do(method, path string, body io.Reader, into any, headers ...string) int {
	v.t.Helper()
	response, err := http.DefaultClient.Do(v.request(method, path, body, headers...))
	if err != nil {
		v.t.Error(err)
		return 0
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && into != nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		v.t.Errorf("%s %s: %v: %s", method, path, err, text)
	}
	return response.StatusCode
}

// post sends JSON and returns the status.
func (v *visitor) post(path string, body any, into ...any) int {
	v.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		v.t.Fatal(err)
	}
	var target any
	if len(into) > 0 {
		target = into[0]
	}
	return v.do("POST", path, bytes.NewReader(text), target, "Content-Type", "application/json")
}

func (v *visitor) get(path string) (int, []byte) {
	v.t.Helper()
	response, err := http.DefaultClient.Do(v.request("GET", path, nil))
	if err != nil {
		v.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return response.StatusCode, body
}

// drop uploads a photo.
func (v *visitor) drop(name string, content []byte, headers ...string) (p photoView, status int) {
	v.t.Helper()
	status = v.do("POST", "/api/photos", bytes.NewReader(content), &p,
		append(headers, nameHeader, url.PathEscape(name))...)
	return p, status
}

func (v *visitor) state() (s stateView) {
	v.t.Helper()
	v.do("GET", "/api/state", nil, &s)
	return s
}

// numbered is the example with a number in a comment: a separate photo.
func numbered(n int) []byte {
	comment := fmt.Sprintf("photo %d", n)
	segment := append([]byte{0xff, 0xfe, 0, byte(len(comment) + 2)}, comment...)
	return append(append(append([]byte{}, example[:2]...), segment...), example[2:]...)
}

// stream are the events after one, with its ID, until the test ends.
func (v *visitor) stream(last string) <-chan streamed {
	v.t.Helper()
	r := v.request("GET", "/api/events", nil)
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	ctx, cancel := context.WithCancel(context.Background())
	v.t.Cleanup(cancel)
	response, err := http.DefaultClient.Do(r.WithContext(ctx))
	if err != nil {
		v.t.Fatal(err)
	}
	list := make(chan streamed, 4096)
	go func() {
		defer close(list)
		defer response.Body.Close()
		var e streamed
		for lines := bufio.NewReader(response.Body); ; {
			line, err := lines.ReadString('\n')
			if err != nil {
				return
			}
			switch name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": "); name {
			case "id":
				e.id = value
			case "event":
				e.name = value
			case "data":
				e.data = value
			case "":
				if e.name != "" {
					list <- e
				}
				e = streamed{}
			}
		}
	}()
	return list
}

type streamed struct{ id, name, data string }

// until follows a stream until the state is as wished, and returns it.
func (v *visitor) until(what string, is func(stateView) bool) stateView {
	v.t.Helper()
	events := v.stream("")
	late := time.After(3 * time.Minute)
	for {
		if s := v.state(); is(s) {
			return s
		}
		select {
		case _, open := <-events:
			if !open {
				v.t.Fatalf("the stream ended before %s", what)
			}
		case <-late:
			text, _ := json.MarshalIndent(v.state(), "", " ")
			v.t.Fatalf("not in time: %s\n%s", what, text)
		}
	}
}

// settled is that no photo is waited for.
func settled(s stateView) bool {
	for _, p := range s.Photos {
		if p.State == "waiting" || p.State == making {
			return false
		}
	}
	return len(s.Photos) > 0
}
