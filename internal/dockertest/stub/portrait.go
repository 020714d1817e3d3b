package main

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// portrait is a server that does all well, but for the faults that are named:
//
//	early      answers 200 before it is ready
//	lazy       loads its models at the first photo
//	downloads  loads a model from the internet at the first photo
//	shared     mixes up photos that arrive together
//	crashes    ends when photos arrive together
//	broken     answers every photo with 500
//	stubborn   does not end on SIGTERM
//	open       allows foreign websites, and ignores its key
//	hoards     deletes no old files
//	never      does not get ready
type portrait struct {
	faults []string
	ready  atomic.Bool
	warm   sync.Once
	active atomic.Int32
	last   atomic.Uint32
	worker sync.Mutex
}

func (p *portrait) has(fault string) bool { return slices.Contains(p.faults, fault) }

func servePortraits(faults []string) {
	p := &portrait{faults: faults}
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	go func() {
		<-terminated
		if !p.has("stubborn") {
			os.Exit(0)
		}
	}()
	if !p.has("hoards") {
		p.clean()
		go func() {
			for range time.Tick(200 * time.Millisecond) {
				p.clean()
			}
		}()
	}
	go func() {
		time.Sleep(300 * time.Millisecond)
		p.ready.Store(!p.has("never"))
	}()
	http.HandleFunc("/readiness", p.readiness)
	http.HandleFunc("/status", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, cpuStatus) })
	http.HandleFunc("/api/v1/process", p.options)
	http.HandleFunc("/api/v1/process/quick", p.photo)
	panic(http.ListenAndServe(":8000", nil))
}

func (p *portrait) readiness(w http.ResponseWriter, _ *http.Request) {
	ready := p.ready.Load()
	if !ready && !p.has("early") {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	fmt.Fprintf(w, `{"ready":%v}`, ready)
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
	if os.Getenv("FACECRAFT_API_KEY") != "" && !p.has("open") {
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
	if p.active.Add(1) > 1 && p.has("crashes") {
		fmt.Fprintln(os.Stderr, "InvalidGraph")
		os.Exit(139)
	}
	if p.has("shared") || p.has("crashes") {
		time.Sleep(200 * time.Millisecond)
		shade = p.last.Load()
	} else {
		p.worker.Lock()
		time.Sleep(20 * time.Millisecond)
		p.worker.Unlock()
	}
	p.active.Add(-1)
	picture := image.NewRGBA(image.Rect(0, 0, 8, 8))
	for i := range picture.Pix {
		picture.Pix[i] = uint8(shade >> (8 * (i % 3)))
	}
	var out bytes.Buffer
	_ = png.Encode(&out, picture)
	w.Header().Set("Content-Type", "image/png")
	_, _ = w.Write(out.Bytes())
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
	if p.has("downloads") {
		if _, err := http.Get("http://models.invalid/model.onnx"); err != nil {
			fmt.Fprintln(os.Stderr, "Downloading model.onnx:", err)
			w.WriteHeader(http.StatusInternalServerError)
			fmt.Fprint(w, "URLError")
			return false
		}
	}
	return true
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
				if parent := filepath.Dir(path); strings.Count(parent, "/") > 2 {
					os.Remove(parent)
				}
			}
			return nil
		})
	}
}
