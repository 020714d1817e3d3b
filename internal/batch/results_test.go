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

// downloads answers each download of a picture with another one.
func (s *stub) downloads(format, picture string) {
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasPrefix(r.URL.Path, "/api/v1/download/") || filepath.Base(r.URL.Path) != format {
			return false
		}
		fmt.Fprint(w, picture)
		return true
	}
}

// What a server sends is decoded, and held against what was asked for: no
// other picture becomes a result. Another server may do better, the same one
// only with what is damaged.
func TestResultsAreChecked(t *testing.T) {
	t.Parallel()
	flipped := []byte(portrait(strings.Repeat("x", 5000), PNG))
	flipped[len(flipped)/2] ^= 1
	for name, tt := range map[string]struct {
		format, picture, why string
		asked                int
	}{
		"a flipped byte": {PNG, string(flipped), "the server sent a damaged PNG: png: invalid format: invalid checksum", maxAttempts},
		"another size":   {PNG, painting{width: 51, height: 51}.picture(PNG), "the server sent an image of 51x51 pixels instead of 64x64", 1},
		"too many bytes": {JPG, painting{width: 64, height: 64, text: strings.Repeat("x", 60_000)}.picture(JPG), "the limit is 50000", 1},
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
				t.Errorf("with another server: %+v, %v", results["p0000.jpg"], err)
			}
		})
	}
}

// Whether a server takes red for blue is known by its version, and proven by
// its portraits, whatever the version says.
func TestSwappedBackground(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		version string
		swaps   bool
		again   int // photos that are made twice: that which tells, and one on its way meanwhile
	}{
		"1.0.0":                    {"1.0.0", true, 0},
		"a later version":          {"1.1.0", false, 0},
		"1.0.0, mended":            {"1.0.0", false, 1},
		"another one with a fault": {"2.0.0", true, 1},
		"one that says nothing":    {"", true, 1},
		"sound, and says nothing":  {"", false, 0},
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
				if n := outcomes(results); err != nil || n[Done] != 3 || s.asked < 3+tt.again || s.asked > 3+2*tt.again || red.Load() != 3 {
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
			t.Errorf("%s is on %x %x", name, r, b)
		}
	}
}

// A server that paints nothing, as one that leaves a photo's blue sky, is not
// taken for one that swaps; one that paints blue whatever it is asked for is
// refused.
func TestBackgroundThatDoesNotHeed(t *testing.T) {
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
		if err != nil || r.Outcome != want || r.Err != nil && !strings.Contains(r.Err.Error(), "a portrait on #0000fe instead of #ff0000") {
			t.Errorf("with an oval %v: %v %v, %v", oval, r.Outcome, r.Err, err)
		}
	}
}

// A photo of which one result cannot be had has none.
func TestAllResultsOrNone(t *testing.T) {
	t.Parallel()
	in, out := t.TempDir(), t.TempDir()
	photos(t, in, 1)
	s := newStub()
	s.downloads(JPG, "no picture")
	b := batchOf{dir: in, out: out, servers: []*Server{{URL: s.start(t)}}, recipe: recipe()}
	b.recipe.Formats = []string{PNG, JPG}
	results, _, err := b.do(t)
	if files := tree(t, out); err != nil || results["p0000.jpg"].Outcome != Failed || len(files) != 0 {
		t.Errorf("%v, %d results, %v", results["p0000.jpg"].Outcome, len(files), err)
	}
}
