package batch

import (
	"fmt"
	"image/color"
	"image/jpeg"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/djok/facecraft/internal/api"
)

// downloads replaces every downloaded image.
func (s *stub) downloads(format, picture string) {
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasPrefix(r.URL.Path, "/api/v1/download/") || filepath.Base(r.URL.Path) != format {
			return false
		}
		fmt.Fprint(w, picture)
		return true
	}
}

// Portraits are decoded and compared with what was asked for; a wrong image
// never becomes a result. A damaged one is retried on any server, others only on
// a different server.
func TestResultsAreChecked(t *testing.T) {
	t.Parallel()
	flipped := []byte(portrait(strings.Repeat("x", 5000), PNG))
	flipped[len(flipped)/2] ^= 1
	for name, tt := range map[string]struct {
		format, picture, why string
		asked                int
	}{
		"a flipped byte": {PNG, string(flipped),
			"the server sent a damaged PNG: png: invalid format: invalid checksum", maxAttempts},
		"wrong size": {PNG, painting{width: 51, height: 51}.picture(PNG),
			"the server sent an image of 51x51 pixels instead of 64x64", 1},
		"too many bytes": {JPG, painting{width: 64, height: 64, text: strings.Repeat("x", 60_000)}.picture(JPG),
			"the limit is 50000", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in, out := t.TempDir(), t.TempDir()
			photos(t, in, 1)
			bad, good := newStub(), newStub()
			bad.downloads(tt.format, tt.picture)
			b := batchOf{dir: in, out: out, servers: []*Server{{URL: bad.start(t)}}, recipe: recipe()}
			b.recipe.Formats, b.recipe.MaxBytes = []string{tt.format}, 50_000
			results, _, err := b.do(t)
			r := results["p0000.jpg"]
			if err != nil || r.Outcome != Failed || r.Cause != ServerError || !strings.Contains(r.Err.Error(), tt.why) {
				t.Errorf("%v %v %v, %v", r.Outcome, r.Cause, r.Err, err)
			}
			if files := tree(t, out); len(files) != 0 || bad.asked != tt.asked || bad.deleted != bad.asked {
				t.Errorf("%d results after %d requests, %d jobs deleted", len(files), bad.asked, bad.deleted)
			}
			b.servers = []*Server{{URL: bad.start(t)}, {URL: good.start(t)}}
			if results, _, err := b.do(t); err != nil || results["p0000.jpg"].Outcome != Done || good.asked != 1 {
				t.Errorf("with a second server: %+v, %v", results["p0000.jpg"], err)
			}
		})
	}
}

// The version tells whether a server swaps red and blue, and its portraits
// prove it, whatever the version says.
func TestSwappedBackground(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		version string
		swaps   bool
		again   int // photos made twice: the one that shows it, and any in flight then
	}{
		"1.0.0":             {"1.0.0", true, 0},
		"later version":     {"1.1.0", false, 0},
		"1.0.0, mended":     {"1.0.0", false, 1},
		"faulty version":    {"2.0.0", true, 1},
		"no version, swaps": {"", true, 1},
		"no version":        {"", false, 0},
	} {
		for _, format := range []string{PNG, JPG} {
			t.Run(name+" "+format, func(t *testing.T) {
				t.Parallel()
				in, out := t.TempDir(), t.TempDir()
				photos(t, in, 3)
				s := newStub()
				s.version, s.swaps = tt.version, tt.swaps
				var red atomic.Int32
				s.before = func(_ http.ResponseWriter, r *http.Request) bool {
					if r.Method == http.MethodDelete {
						s.mu.Lock()
						defer s.mu.Unlock()
						if s.jobs[filepath.Base(r.URL.Path)].background == (color.RGBA{255, 0, 0, 255}) {
							red.Add(1)
						}
					}
					return false
				}
				b := batchOf{dir: in, out: out, servers: []*Server{{URL: s.start(t)}}, recipe: recipe(), inFlight: 1}
				b.recipe.Background, b.recipe.Formats = api.Colour{255, 0, 0}, []string{format}
				results, _, err := b.do(t)
				if n := outcomes(results); err != nil || n[Done] != 3 || s.asked < 3+tt.again || s.asked > 3+2*tt.again ||
					red.Load() != 3 {
					t.Fatalf("%v, %v: %d requests, %d red", n, err, s.asked, red.Load())
				}
				if format == JPG {
					checkRed(t, tree(t, out))
				}
			})
		}
	}
}

func checkRed(t *testing.T, files map[string]string) {
	t.Helper()
	for name, data := range files {
		picture, err := jpeg.Decode(strings.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if r, _, b, _ := picture.At(0, 0).RGBA(); r < 0xf000 || b > 0x0f00 {
			t.Errorf("%s has the background %x %x", name, r, b)
		}
	}
}

// A server that keeps backgrounds, such as a blue sky, does not count as one
// that swaps colours. With an oval, blue instead of red is an error.
func TestBackgroundIgnoresTheColour(t *testing.T) {
	t.Parallel()
	for oval, want := range map[bool]Outcome{true: Failed, false: Done} {
		in, out := t.TempDir(), t.TempDir()
		photos(t, in, 1)
		s := newStub()
		s.downloads(JPG, painting{width: 64, height: 64, background: color.RGBA{0, 0, 255, 255}}.picture(JPG))
		b := batchOf{dir: in, out: out, servers: []*Server{{URL: s.start(t)}}, recipe: recipe()}
		b.recipe.Background, b.recipe.Oval, b.recipe.Formats = api.Colour{255, 0, 0}, oval, []string{JPG}
		results, _, err := b.do(t)
		r := results["p0000.jpg"]
		if err != nil || r.Outcome != want ||
			r.Err != nil && !strings.Contains(r.Err.Error(), "a portrait with background #0000fe instead of #ff0000") {
			t.Errorf("with an oval %v: %v %v, %v", oval, r.Outcome, r.Err, err)
		}
	}
}

// If one result of a photo fails, the photo gets none.
func TestAllResultsOrNone(t *testing.T) {
	t.Parallel()
	in, out := t.TempDir(), t.TempDir()
	photos(t, in, 1)
	s := newStub()
	s.downloads(JPG, "not an image")
	b := batchOf{dir: in, out: out, servers: []*Server{{URL: s.start(t)}}, recipe: recipe()}
	b.recipe.Formats = []string{PNG, JPG}
	results, _, err := b.do(t)
	if files := tree(t, out); err != nil || results["p0000.jpg"].Outcome != Failed || len(files) != 0 {
		t.Errorf("%v, %d results, %v", results["p0000.jpg"].Outcome, len(files), err)
	}
}
