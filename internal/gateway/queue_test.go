package gateway

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// hold makes a server keep its photos until release is called.
func (f *fake) hold() (release func()) {
	held := make(chan struct{})
	f.does(func(http.ResponseWriter, *http.Request) { <-held })
	return sync.OnceFunc(func() { close(held) })
}

// TestOnePhotoAtATime: two photos in one rembg session crash it.
func TestOnePhotoAtATime(t *testing.T) {
	t.Parallel()
	servers := []*fake{newFake(t), newFake(t), newFake(t)}
	var urls []string
	for _, s := range servers {
		urls = append(urls, s.URL)
		s.does(func(http.ResponseWriter, *http.Request) { time.Sleep(time.Millisecond) })
	}
	f := newFront(t, urls, func(c *Config) { c.Queue = 300 })
	const clients, photos = 200, 3
	photo := make([]byte, 100_000)
	var working sync.WaitGroup
	for range clients {
		working.Go(func() {
			for range photos {
				body, kind := upload(t, "file", [][]byte{photo})
				answer, err := try(http.MethodPost, f.url+"/api/v1/process/quick", body, "Content-Type", kind)
				if err != nil || answer.status != http.StatusOK || answer.body != fakePortrait {
					t.Errorf("answer %+v, %v", answer, err)
				}
			}
		})
	}
	working.Wait()
	var made int64
	for _, s := range servers {
		made += s.made.Load()
		if s.most.Load() != 1 {
			t.Errorf("a server had %d photos at once", s.most.Load())
		}
	}
	if want := int64(clients*photos + len(servers)); made != want { // and the warm-ups
		t.Errorf("%d portraits were made, want %d", made, want)
	}
}

// TestQueueIsBounded: health and readiness answer meanwhile.
func TestQueueIsBounded(t *testing.T) {
	t.Parallel()
	server := newFake(t)
	f := newFront(t, []string{server.URL}, func(c *Config) { c.Queue = 2 })
	release := server.hold()
	defer release()
	answers := make(chan got, 3)
	for i := range 3 {
		go func() {
			body, kind := upload(t, "file", [][]byte{nil})
			answer, _ := try(http.MethodPost, f.url+"/api/v1/process/quick", body, "Content-Type", kind)
			answers <- answer
		}()
		within(t, "the photo has a place", func() bool { return f.photos.Load() == int64(i+1) })
	}
	full := f.post(t, "/api/v1/process", make([]byte, 1<<20))
	full.want(t, http.StatusTooManyRequests, "try again later")
	if full.header.Get("Retry-After") == "" {
		t.Errorf("headers %v", full.header)
	}
	f.do(t, http.MethodGet, "/health", nil).want(t, http.StatusOK, `{"status":"healthy"}`)
	f.do(t, http.MethodGet, "/readiness", nil).want(t, http.StatusOK, `{"ready":true,"models_loaded":true}`)
	f.do(t, http.MethodGet, "/metrics", nil).want(t, http.StatusOK, "facecraft_queue 2", `status="429"} 1`)
	release()
	for range 3 {
		if answer := <-answers; answer.status != http.StatusOK {
			t.Errorf("answer %+v", answer)
		}
	}
}

// TestClientLeavesTheQueue gives its place back at once.
func TestClientLeavesTheQueue(t *testing.T) {
	t.Parallel()
	server := newFake(t)
	f := newFront(t, []string{server.URL}, func(c *Config) { c.Queue = 1 })
	release := server.hold()
	defer release()
	leave := f.leaver(t, "/api/v1/process/quick")
	within(t, "the first photo is in work", func() bool { return server.working.Load() == 1 })
	leaveQueue := f.leaver(t, "/api/v1/process/quick")
	within(t, "the second one waits", func() bool { return f.photos.Load() == 2 })
	leaveQueue()
	within(t, "its place is free", func() bool { return f.photos.Load() == 1 })
	leave() // the server works on
	next := f.leaver(t, "/api/v1/process/quick")
	defer next()
	within(t, "the next one waits", func() bool { return f.photos.Load() == 2 })
	if n := server.working.Load(); n != 1 {
		t.Errorf("the server has %d photos", n)
	}
	release()
	within(t, "all are done", func() bool { return f.photos.Load() == 0 })
	if server.most.Load() != 1 {
		t.Errorf("the server had %d photos at once", server.most.Load())
	}
}

// leaver sends a photo, and returns how to hang up.
func (f *front) leaver(t testing.TB, path string) (leave func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	body, kind := upload(t, "file", [][]byte{nil})
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, f.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", kind)
	go func() {
		if response, err := http.DefaultClient.Do(request); err == nil {
			_ = response.Body.Close()
		}
	}()
	return cancel
}

// TestResultOfClientThatLeft is deleted.
func TestResultOfClientThatLeft(t *testing.T) {
	t.Parallel()
	server := newFake(t)
	f := newFront(t, []string{server.URL})
	release := server.hold()
	defer release()
	leave := f.leaver(t, processRoute)
	within(t, "the photo is in work", func() bool { return server.working.Load() == 1 })
	leave()
	time.Sleep(50 * time.Millisecond) // until net/http has seen it
	release()
	within(t, "the job is deleted", func() bool {
		_, deleted := server.deleted.Load("00000002")
		return deleted
	})
}

// TestNextUploadIsInHand: the photo that waits is received meanwhile.
func TestNextUploadIsInHand(t *testing.T) {
	t.Parallel()
	server := newFake(t)
	f := newFront(t, []string{server.URL})
	release := server.hold()
	defer release()
	defer f.leaver(t, "/api/v1/process/quick")()
	within(t, "the first photo is in work", func() bool { return server.working.Load() == 1 })
	connection := f.dial(t)
	form, kind := upload(t, "file", [][]byte{make([]byte, 8<<20)})
	head := fmt.Sprintf(
		"POST /api/v1/process/quick HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n",
		connection.RemoteAddr(), kind, form.Len())
	if _, err := io.Copy(connection, io.MultiReader(strings.NewReader(head), form)); err != nil {
		t.Fatal(err)
	}
	release() // more than kernels buffer was taken
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("answer %v, %v", response, err)
	}
}

// dial connects without a client that knows HTTP.
func (f *front) dial(t testing.TB) net.Conn {
	t.Helper()
	connection, err := net.Dial("tcp", strings.TrimPrefix(f.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	_ = connection.SetDeadline(time.Now().Add(testBound))
	return connection
}

// begin sends the head and a part of an upload of n bytes.
func (f *front) begin(t testing.TB, n int, part string, headers ...string) net.Conn {
	t.Helper()
	connection := f.dial(t)
	fmt.Fprintf(connection, "POST /api/v1/process/quick HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n%s\r\n%s",
		connection.RemoteAddr(), n, strings.Join(headers, ""), part)
	return connection
}

// TestSlowUploadKeepsNoServer: whoever waits goes first.
func TestSlowUploadKeepsNoServer(t *testing.T) {
	t.Parallel()
	server := newFake(t)
	f := newFront(t, []string{server.URL})
	slow, slower := f.begin(t, 10, "12345"), f.begin(t, 10, "12345")
	within(t, "slow uploads have the server", func() bool { return f.servers[0].busy.Load() == perServer })
	f.post(t, "/api/v1/process/quick", nil).want(t, http.StatusOK)
	for _, connection := range []net.Conn{slower, slow} {
		if _, err := io.WriteString(connection, "67890"); err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(bufio.NewReader(connection), nil)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Errorf("answer %v, %v", response, err)
		}
	}
	if !f.servers[0].ready.Load() {
		t.Error("the server counts as lost")
	}
}

// TestUploadThatStops is given up.
func TestUploadThatStops(t *testing.T) {
	t.Parallel()
	f := newFront(t, []string{newFake(t).URL}, func(c *Config) {
		c.timing = usual
		c.timing.slowest = 300 * time.Millisecond
	})
	response, err := http.ReadResponse(bufio.NewReader(f.begin(t, 10, "12345")), nil)
	if err != nil || response.StatusCode != http.StatusRequestTimeout {
		t.Errorf("answer %v, %v", response, err)
	}
	within(t, "the server is free", func() bool { return f.servers[0].busy.Load() == 0 && f.photos.Load() == 0 })
	f.post(t, "/api/v1/process/quick", nil).want(t, http.StatusOK)
}

// TestUploadThatBreaksOff neither reaches a server nor blames it.
func TestUploadThatBreaksOff(t *testing.T) {
	t.Parallel()
	server := newFake(t)
	f := newFront(t, []string{server.URL})
	connection := f.begin(t, 10, "12345")
	within(t, "the upload has the server", func() bool { return f.servers[0].busy.Load() == 1 })
	_ = connection.Close()
	within(t, "the server is free", func() bool { return f.servers[0].busy.Load() == 0 && f.photos.Load() == 0 })
	if n := server.made.Load(); n != 1 || !f.servers[0].ready.Load() { // the warm-up
		t.Errorf("%d portraits were made; ready %t", n, f.servers[0].ready.Load())
	}
}
