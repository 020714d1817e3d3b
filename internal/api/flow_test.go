package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// large is more than the kernel buffers of an upload that nobody reads.
func large() Upload {
	return Upload{Name: "photo.jpg", Content: bytes.NewReader(make([]byte, 16<<20)), Size: 16 << 20}
}

// An upload that nobody reads, such as behind a proxy that hangs, is given up.
func TestUploadStalls(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0") // the kernel completes the connection, but nobody accepts it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	client := New("http://" + listener.Addr().String())
	client.flowWindow = 200 * time.Millisecond
	begin := time.Now()
	_, err = client.Process(t.Context(), large(), DefaultOptions())
	var stalled *Stalled
	if !errors.As(err, &stalled) || !Unreachable(err) || Untouched(err) ||
		!strings.HasPrefix(err.Error(), "the upload stalled: less than 1024 bytes/s for 200ms (") {
		t.Errorf("%T %v", err, err)
	}
	if stalled != nil && stalled.Moved > 2<<20 {
		t.Errorf("%d bytes were buffered before the stall was noticed", stalled.Moved)
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("given up after %v", took)
	}
}

// An occasional byte does not count as progress.
func TestDripping(t *testing.T) {
	t.Parallel()
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusOK)
		for r.Context().Err() == nil {
			fmt.Fprint(w, " ")
			_ = http.NewResponseController(w).Flush()
			time.Sleep(10 * time.Millisecond)
		}
	})
	client.flowWindow = 200 * time.Millisecond
	for what, ask := range map[string]func() error{
		"a response": func() error { _, err := client.Process(t.Context(), upload("x"), DefaultOptions()); return err },
		"an image":   func() error { return client.Download(t.Context(), io.Discard, "a", "png") },
	} {
		if err := ask(); !errors.As(err, new(*Stalled)) || !Unreachable(err) {
			t.Errorf("%s: %T %v", what, err, err)
		}
	}
}

// A server may send nothing while it processes a photo, and read nothing of the
// next one.
func TestSilentWork(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	first := make(chan struct{})
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			_, _ = io.Copy(io.Discard, r.Body)
			close(first)
		}
		time.Sleep(time.Second)
		_, _ = io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, `{"success":true,"job_id":"a"}`)
	})
	client.flowWindow = 300 * time.Millisecond
	ended := make(chan error, 2)
	go func() { _, err := client.Process(t.Context(), upload("x"), DefaultOptions()); ended <- err }()
	<-first
	sent := make(chan struct{}, 1)
	second := large()
	second.Sent = func() { sent <- struct{}{} }
	go func() { _, err := client.Process(t.Context(), second, DefaultOptions()); ended <- err }()
	for range 2 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	select {
	case <-sent:
	default:
		t.Error("Sent was not called")
	}
	if client.working.Load() != 0 {
		t.Errorf("%d photos still being processed", client.working.Load())
	}
}
