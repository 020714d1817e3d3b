package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func serve(t *testing.T, handler http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	client := New(server.URL)
	t.Cleanup(client.Close)
	return client
}

func upload(content string) Upload {
	return Upload{Name: "photo.jpg", Content: strings.NewReader(content), Size: int64(len(content))}
}

func TestProcessSendsTheWholeForm(t *testing.T) {
	t.Parallel()
	o := DefaultOptions()
	o.Width, o.Background, o.Margin, o.Oval = 200, Colour{1, 2, 3}, 0.25, false
	var got map[string]string
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength <= 0 {
			t.Errorf("the Content-Length is %d", r.ContentLength)
		}
		got = map[string]string{}
		_, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		parts := multipart.NewReader(r.Body, params["boundary"])
		for part, err := parts.NextPart(); err == nil; part, err = parts.NextPart() {
			data, _ := io.ReadAll(part)
			got[part.FormName()+part.FileName()] = string(data)
		}
		fmt.Fprint(w, `{"success":true,"job_id":"d7c09a08","result":{"face_count":1}}`)
	})
	done, err := client.Process(t.Context(), upload("the photo"), o)
	if err != nil || done != (Processed{Job: "d7c09a08", Faces: 1}) {
		t.Fatalf("%+v, %v", done, err)
	}
	want := map[string]string{
		"width":            "200",
		"height":           "648",
		"background_r":     "1",
		"background_g":     "2",
		"background_b":     "3",
		"face_margin":      "0.25",
		"use_oval_mask":    "false",
		"enhance_face":     "true",
		"enhance_fidelity": "0.7",
		"filephoto.jpg":    "the photo",
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %q, want %q", name, got[name], value)
		}
	}
	if len(got) != len(want) {
		t.Errorf("the form has %v", got)
	}
}

func TestOptionsCheck(t *testing.T) {
	t.Parallel()
	if err := DefaultOptions().Check(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Options){
		"negative size":       func(o *Options) { o.Width = -648 },
		"tiny size":           func(o *Options) { o.Height = MinSide - 1 },
		"huge size":           func(o *Options) { o.Height = MaxSide + 1 },
		"margin too large":    func(o *Options) { o.Margin = 1.01 },
		"margin not a number": func(o *Options) { o.Margin = math.NaN() },
		"negative fidelity":   func(o *Options) { o.Fidelity = -0.1 },
	} {
		o := DefaultOptions()
		if change(&o); o.Check() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// Every response is classified by who is at fault, and so by what helps.
func TestFaults(t *testing.T) {
	t.Parallel()
	cases := []struct {
		status int
		body   string
		want   any
		text   string
	}{
		{200, `{"success":false,"job_id":"a","error":"no_face_detected"}`, new(*Rejected), "no face found"},
		{
			200,
			`{"success":false,"job_id":"a","error":"Could not load image","error_message":"Could not load image"}`,
			new(*Rejected),
			"Could not load",
		},
		{200, `{"success":false,"job_id":"a","error":"CUDA out of memory"}`, new(*Failed), "out of memory"},
		{200, `hello`, new(*UnexpectedResponse), "invalid JSON response"},
		{200, `{"success":true,"job_id":"../x"}`, new(*UnexpectedResponse), "invalid job ID"},
		{400, `{"detail":"Invalid format"}`, new(*Rejected), "Invalid format"},
		{413, ``, new(*Rejected), "too large"},
		{422, `{"detail":[{"loc":["body","width"],"msg":"odd"}]}`, new(*Rejected), "width"},
		{301, ``, new(*UnexpectedResponse), "HTTP 301"},
		{401, ``, new(*UnexpectedResponse), "denied access"},
		{
			421,
			`{"detail":"Unknown host gpu1: allow it"}`,
			new(*UnexpectedResponse),
			"denied access (HTTP 421): Unknown host gpu1: allow it",
		},
		{404, `{"detail":"Not Found"}`, new(*UnexpectedResponse), "HTTP 404"},
		{429, ``, new(*Failed), "HTTP 429"},
		{500, `{"detail":"` + strings.Repeat("é", 5000) + `"}`, new(*Failed), "…"},
		{503, ``, new(*Failed), "HTTP 503"},
	}
	for _, c := range cases {
		client := serve(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(c.status)
			fmt.Fprint(w, c.body)
		})
		_, err := client.Process(t.Context(), upload("x"), DefaultOptions())
		if !errors.As(err, c.want) || !strings.Contains(err.Error(), c.text) || len(err.Error()) > 2*maxDetail ||
			Unreachable(err) {
			t.Errorf("%d %.60s: %T %.100v", c.status, c.body, err, err)
		}
		var failed *Failed
		if errors.As(err, &failed) && c.status == 503 && failed.After != 7*time.Second {
			t.Errorf("the server asks for a wait of %v", failed.After)
		}
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	dropped := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	_, err := dropped.Process(t.Context(), upload("x"), DefaultOptions())
	if !Unreachable(err) || Brief(err) != "the server closed the connection" {
		t.Errorf("a dropped connection: %v", err)
	}
	half := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, "{")
	})
	if _, err := half.Process(t.Context(), upload("x"), DefaultOptions()); !Unreachable(err) {
		t.Errorf("half a response: %v", err)
	}
	slow := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	slow.processTimeout, slow.downloadTimeout = 20*time.Millisecond, 20*time.Millisecond
	if _, err := slow.Process(t.Context(), upload("x"), DefaultOptions()); !Unreachable(err) ||
		!errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("no response: %v", err)
	}
	if err := slow.Download(t.Context(), io.Discard, "a", "png"); !Unreachable(err) {
		t.Errorf("no image: %v", err)
	}
}

// A server that is busy or loading is told apart from something else.
func TestSilent(t *testing.T) {
	t.Parallel()
	soon, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	hangs := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	if _, err := hangs.Ready(soon); !Silent(err) {
		t.Errorf("no response: %v", err)
	}
	drops := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	if _, err := drops.Ready(t.Context()); !Silent(err) {
		t.Errorf("a dropped connection: %v", err)
	}
	if _, err := New("http://127.0.0.1:1").Ready(t.Context()); err == nil || Silent(err) {
		t.Errorf("a closed port: %v", err)
	}
	speaks := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, _ := w.(http.Hijacker).Hijack()
		fmt.Fprint(conn, "SSH-2.0-OpenSSH_9.2\r\n")
		conn.Close()
	})
	if _, err := speaks.Ready(t.Context()); err == nil || Silent(err) {
		t.Errorf("different protocol: %v", err)
	}
}

func TestUnreadablePhotoIsNotTheServersFault(t *testing.T) {
	t.Parallel()
	client := serve(t, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	short := Upload{Name: "photo.jpg", Content: strings.NewReader("short"), Size: 1000}
	_, err := client.Process(t.Context(), short, DefaultOptions())
	var unreadable *Unreadable
	if !errors.As(err, &unreadable) || Unreachable(err) {
		t.Errorf("%T %v", err, err)
	}
}

// The first and last bytes are found regardless of how writes are split.
func TestEndsWriter(t *testing.T) {
	t.Parallel()
	for _, piece := range []int{1, 3, 7, 8, 100} {
		var all bytes.Buffer
		w := &endsWriter{w: &all}
		for rest := []byte("0123456789abcdefghij"); len(rest) > 0; rest = rest[min(piece, len(rest)):] {
			if _, err := w.Write(rest[:min(piece, len(rest))]); err != nil {
				t.Fatal(err)
			}
		}
		if string(w.first) != "01234567" || string(w.last) != "cdefghij" || all.Len() != 20 {
			t.Errorf("in pieces of %d: %q, %q, %d bytes", piece, w.first, w.last, all.Len())
		}
	}
}
