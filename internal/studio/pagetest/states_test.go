package pagetest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// question is the choice of the first run.
var question = object{"id": "q1", "headline": "How should portraits be made?", "text": "Download and run it?",
	"rows": [][]string{{"download", "4.1 GB"}}, "options": []object{
		{"value": "ai", "label": "AI portraits", "detail": "after a download of 4.1 GB"},
		{"value": "lite", "label": "Lite now", "detail": "no download"}}}

// TestFirstRun: the choice is sent.
func TestFirstRun(t *testing.T) {
	t.Parallel()
	f := newFake(t, server("asking", "", nil), question, []object{})
	p := f.visit()
	p.until("document.querySelector('#notices').innerText.includes('4.1 GB')")
	p.do(chromedp.Click("#notices button:nth-of-type(2)"))
	eventually(t, func() bool { return f.posted(`/api/answer {"id":"q1","value":"lite"}`) })
}

// TestMeanwhile: the download's progress is shown while the built-in engine works.
func TestMeanwhile(t *testing.T) {
	t.Parallel()
	f := newFake(t, server("starting", "lite", object{"meanwhile": true, "done": 1e9, "total": 4e9}), nil, portraits(2))
	p := f.visit()
	p.until("document.querySelector('#notices progress').value === 1e9")
	if text := eval[string](p, "document.querySelector('#notices').innerText"); !strings.Contains(text, "1.0 of 4.0 GB") {
		t.Errorf("notice: %s", text)
	}
}

// TestSwitchedOver: with AI ready, what was made meanwhile is made again with one
// click, without what the user keeps.
func TestSwitchedOver(t *testing.T) {
	t.Parallel()
	f := newFake(t, server("ready", "cpu", nil), nil, portraits(3))
	p := f.visit()
	p.do(chromedp.Click("#notices .good button"))
	eventually(t, func() bool { return f.posted(`/api/again {"ids":["p1","p2"],"settings":null}`) })
}

// TestTroubles: a server that is lost or cannot be had, and a program that ended
// and comes back.
func TestTroubles(t *testing.T) {
	t.Parallel()
	problem := object{"what": "Docker is not running", "fix": "start it"}
	f := newFake(t, server("failed", "", object{"problem": problem}), nil, portraits(1))
	p := f.visit()
	p.until("document.querySelector('#notices .bad').innerText.includes('Docker is not running')")
	p.do(chromedp.Click("#notices .bad button"))
	eventually(t, func() bool { return f.posted("/api/retry {}") })
	f.CloseClientConnections()
	p.until("document.querySelector('#notices').innerText.includes('facecraft studio')")
	p.until("!document.querySelector('#notices').innerText.includes('facecraft studio')")
}

// TestNoKey: a tab that was opened by hand says what to do.
func TestNoKey(t *testing.T) {
	t.Parallel()
	f := newFake(t, server("ready", "lite", nil), nil, []object{})
	p := newTab(t, f.URL+"/")
	p.until("document.querySelector('#notices').innerText.includes('facecraft studio')")
}

// TestSize: the page is small, so that it is there at once.
func TestSize(t *testing.T) {
	t.Parallel()
	parts, err := os.ReadDir("../page")
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, part := range parts {
		total += len(read(t, filepath.Join("../page", part.Name())))
	}
	if total > 60_000 {
		t.Errorf("the page has %d bytes", total)
	}
}
