package main

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// portrait is a server without pitfalls, except for the named faults:
//
//	early      answers 200 before it is ready
//	lazy       loads its models at the first photo
//	downloads  loads a model from the internet at the first photo
//	fetches    loads a model from the internet before it is ready
//	shared     mixes up photos that arrive together
//	crashes    ends when photos arrive together
//	fails      answers 500 when photos arrive together
//	broken     answers every photo with 500
//	stubborn   does not end on SIGTERM
//	open       allows other websites
//	reads      lets other websites read as the visitor, but not post
//	keyless    ignores its key
//	anykey     accepts any key
//	hoards     deletes no old files
//	dirs       deletes old files and leaves their directories
//	starts     deletes old files only at its start
//	deaf       answers nothing while it processes a photo
//	slow       gets ready late
//	unwell     has a health check that always fails
//	workers    has two processes with models
//	never      does not get ready
//	ends       dies before it is ready
type portrait struct {
	faults []string
	ready  atomic.Bool
	asked  chan struct{} // whether it is ready
	warm   sync.Once
	active atomic.Int32
	last   atomic.Uint32
	worker sync.Mutex
	deaf   sync.RWMutex
}

func (p *portrait) has(fault string) bool { return slices.Contains(p.faults, fault) }

func servePortraits(faults []string) {
	p := &portrait{faults: faults, asked: make(chan struct{}, 1)}
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	go func() {
		<-terminated
		if !p.has("stubborn") {
			os.Exit(0)
		}
	}()
	p.cleanUp()
	if p.has("workers") {
		p.fork()
	}
	go p.start()
	http.HandleFunc("/readiness", p.readiness)
	http.HandleFunc("/ready", p.readiness)
	http.HandleFunc("/status", p.status)
	http.HandleFunc("/api/v1/process", p.options)
	http.HandleFunc("/api/v1/process/quick", p.photo)
	panic(http.ListenAndServe(":8000", nil))
}

// start gets ready, or does not.
func (p *portrait) start() {
	pause := 300 * time.Millisecond
	switch {
	case p.has("slow"):
		pause = 2 * time.Second
	case p.has("early"): // a slow test must see it before it is ready, too
		<-p.asked
	}
	time.Sleep(pause)
	if p.has("ends") {
		fmt.Fprintln(os.Stderr, "no models")
		os.Exit(3)
	}
	if p.has("fetches") && !fetch() {
		return
	}
	p.ready.Store(!p.has("never"))
}

// fork starts a second process, and gives both the memory of models.
func (p *portrait) fork() {
	command := exec.Command("/proc/self/exe", "models")
	if err := command.Start(); err != nil {
		panic(err)
	}
	models()
}

var loaded []byte

// models is memory that a process uses, as models are.
func models() {
	loaded = make([]byte, 70<<20)
	for i := 0; i < len(loaded); i += 4096 {
		loaded[i] = 1
	}
}

func (p *portrait) cleanUp() {
	if p.has("hoards") {
		return
	}
	p.clean()
	if p.has("starts") {
		return
	}
	go func() {
		for range time.Tick(200 * time.Millisecond) {
			p.clean()
		}
	}()
}

func (p *portrait) readiness(w http.ResponseWriter, r *http.Request) {
	p.deaf.RLock()
	defer p.deaf.RUnlock()
	ready := p.ready.Load()
	select {
	case p.asked <- struct{}{}:
	default:
	}
	if p.has("unwell") && r.URL.Path == "/ready" { // which only its check asks
		ready = false
	}
	if !ready && !p.has("early") {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	fmt.Fprintf(w, `{"ready":%v}`, ready)
}

func (p *portrait) status(w http.ResponseWriter, r *http.Request) {
	if p.has("reads") && r.Header.Get("Origin") != "" {
		w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
		w.Header().Set("Access-Control-Allow-Credentials", "true")
	}
	fmt.Fprint(w, cpuStatus)
}

func (p *portrait) options(w http.ResponseWriter, r *http.Request) {
	if p.has("open") {
		w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
		w.Header().Set("Access-Control-Allow-Credentials", "true")
	}
}

// photo paints a picture that depends on the photo. Photos wait for each
// other, unless the server is one that mixes them up.
func (p *portrait) photo(w http.ResponseWriter, r *http.Request) {
	if !p.admits(r) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	file, _, err := r.FormFile("file")
	if err != nil {
		w.WriteHeader(http.StatusUnprocessableEntity)
		return
	}
	data, _ := io.ReadAll(file)
	if !p.load(w) {
		return
	}
	shade := uint32(0)
	for _, b := range data {
		shade = shade*31 + uint32(b)
	}
	p.last.Store(shade)
	if !p.process() {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	if p.has("shared") {
		shade = p.last.Load()
	}
	picture := image.NewRGBA(image.Rect(0, 0, 8, 8))
	for i := range picture.Pix {
		picture.Pix[i] = uint8(shade >> (8 * (i % 3)))
	}
	var out bytes.Buffer
	_ = png.Encode(&out, picture)
	w.Header().Set("Content-Type", "image/png")
	_, _ = w.Write(out.Bytes())
}

// admits reports whether a request has the server's key.
func (p *portrait) admits(r *http.Request) bool {
	key := os.Getenv("FACECRAFT_API_KEY")
	given := r.Header.Get("X-API-Key")
	return key == "" || given == key || p.has("keyless") || p.has("anykey") && given != ""
}

// process takes its time, and reports whether it went well.
func (p *portrait) process() bool {
	alone := p.active.Add(1) == 1
	defer p.active.Add(-1)
	switch {
	case p.has("crashes") && !alone:
		fmt.Fprintln(os.Stderr, "InvalidGraph")
		os.Exit(139)
	case p.has("deaf"):
		p.deaf.Lock()
		defer p.deaf.Unlock()
		time.Sleep(400 * time.Millisecond)
	case p.has("shared"), p.has("crashes"), p.has("fails"):
		time.Sleep(200 * time.Millisecond)
		return alone || !p.has("fails")
	default:
		p.worker.Lock()
		defer p.worker.Unlock()
		time.Sleep(20 * time.Millisecond)
	}
	return true
}

// load does what some servers do only now, and tells whether it went well.
func (p *portrait) load(w http.ResponseWriter) bool {
	if p.has("lazy") {
		p.warm.Do(func() { time.Sleep(2 * time.Second) })
	}
	if p.has("broken") {
		w.WriteHeader(http.StatusInternalServerError)
		return false
	}
	if p.has("downloads") && !fetch() {
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprint(w, "URLError")
		return false
	}
	return true
}

// fetch succeeds in a container that has a network. No server is asked: tests
// have no internet.
func fetch() bool {
	interfaces, err := net.Interfaces()
	if err == nil && len(interfaces) > 1 { // more than loopback
		return true
	}
	fmt.Fprintln(os.Stderr, "Downloading model.onnx: Name or service not known")
	return false
}

// clean deletes what is older than a day, and the directories that are left.
func (p *portrait) clean() {
	for _, dir := range []string{"/app/uploads", "/app/processed"} {
		_ = filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
			if err != nil {
				return nil
			}
			if info, err := os.Stat(path); err == nil && !info.IsDir() && time.Since(info.ModTime()) > 24*time.Hour {
				os.Remove(path)
				if parent := filepath.Dir(path); strings.Count(parent, "/") > 2 && !p.has("dirs") {
					os.Remove(parent)
				}
			}
			return nil
		})
	}
}
