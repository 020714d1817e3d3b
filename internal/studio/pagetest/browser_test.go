// Package pagetest uses the studio's page as people do, in a real browser.
package pagetest

import (
	"context"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/djok/facecraft/internal/dockertest"
)

// patience is how long a test waits for the page, on a busy machine.
const patience = time.Minute

// browserContext is that of the one browser of all tests.
var browserContext = sync.OnceValues(func() (context.Context, error) {
	var program string
	err := exec.ErrNotFound
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if program == "" {
			program, err = exec.LookPath(name)
		}
	}
	if program == "" {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program),
		chromedp.Flag("use-fake-device-for-media-stream", true), chromedp.Flag("use-fake-ui-for-media-stream", true))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // it has no sandbox as root
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ = chromedp.NewContext(ctx)
	closeBrowser = cancel
	return ctx, chromedp.Do(ctx)
})

var closeBrowser = func() {}

func TestMain(m *testing.M) {
	code := m.Run()
	closeBrowser()
	os.RemoveAll(engineDir)
	os.Exit(code)
}

// tab is a page in the browser. Whatever it asks for is from one host.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	requests []string
	messages []string // of the page's console, errors only
}

// newTab opens an address in a new tab, of 1280 by 860 pixels.
func newTab(t *testing.T, address string) *tab {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes long")
	}
	parent, err := browserContext()
	dockertest.Need(t, err, "Chromium")
	ctx, cancel := chromedp.NewContext(parent, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	p := &tab{t: t, ctx: ctx}
	p.do(chromedp.EmulateViewport(1280, 860))
	if err := chromedp.Listen(ctx, p.note); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.checkRequests(address) })
	p.watchConsole()
	p.do(chromedp.Navigate(address))
	return p
}

func (p *tab) note(event any) {
	if sent, ok := event.(*network.EventRequestWillBeSent); ok {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.requests = append(p.requests, sent.Request.URL)
	}
}

func (p *tab) watchConsole() {
	messages := chromedp.Console(p.ctx)
	go func() {
		for message, err := range messages {
			if err != nil {
				return
			}
			if message.Type == chromedp.ConsoleException || message.Type == chromedp.ConsoleError {
				p.mu.Lock()
				p.messages = append(p.messages, message.Text)
				p.mu.Unlock()
			}
		}
	}()
}

// checkRequests fails the test if the page asked anyone else for anything.
func (p *tab) checkRequests(address string) {
	own, err := url.Parse(address)
	if err != nil {
		p.t.Error(err)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.requests) == 0 {
		p.t.Error("no request of the page was seen")
	}
	for _, request := range p.requests {
		u, err := url.Parse(request)
		if err != nil || u.Scheme != "blob" && u.Host != own.Host {
			p.t.Errorf("the page asked for %q", request)
		}
	}
	if p.t.Failed() {
		p.t.Logf("console: %q", p.messages)
	}
}

func (p *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, actions...); err != nil {
		p.t.Fatal(err)
	}
}

// press types keys, as chromedp/kb names them.
func (p *tab) press(keys string) {
	p.t.Helper()
	p.do(chromedp.KeyEvent(keys))
}

// eval returns what a JavaScript expression does, after its promises.
func eval[T any](p *tab, expression string) T {
	p.t.Helper()
	value, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// script runs JavaScript in the page.
func (p *tab) script(text string) {
	p.t.Helper()
	eval[any](p, text)
}

// until waits until a JavaScript condition is true.
func (p *tab) until(condition string) {
	p.t.Helper()
	_, err := chromedp.Run(p.ctx, chromedp.Poll[bool](condition, chromedp.WithPollingTimeout(patience),
		chromedp.WithPollingInterval(30*time.Millisecond)))
	if err != nil {
		text, _ := chromedp.Run(p.ctx, chromedp.Evaluate[string]("document.body.innerText"))
		p.t.Fatalf("%s: %v\n%s", condition, err, text)
	}
}

// drop drags files and folders from outside onto the page.
func (p *tab) drop(paths ...string) {
	p.t.Helper()
	data := input.DragData{Items: []*input.DragDataItem{}, Files: paths, DragOperationsMask: 1}
	for _, kind := range []input.DispatchDragEventType{"dragEnter", "dragOver", "drop"} {
		event := input.DispatchDragEventParams{Type: kind, X: 300, Y: 300, Data: &data}
		if _, err := chromedp.Call(p.ctx, input.DispatchDragEvent, event); err != nil {
			p.t.Fatal(err)
		}
	}
}

// prefer emulates what the user has told the system: a colour scheme, less motion.
func (p *tab) prefer(feature, value string) {
	p.t.Helper()
	params := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: feature, Value: value}}}
	if _, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, params); err != nil {
		p.t.Fatal(err)
	}
}

// downloads has the browser put downloads into a directory.
func (p *tab) downloads(dir string) {
	p.t.Helper()
	params := browser.SetDownloadBehaviorParams{Behavior: "allow", DownloadPath: dir,
		BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID}
	if _, err := chromedp.CallBrowser(p.ctx, browser.SetDownloadBehavior, params); err != nil {
		p.t.Fatal(err)
	}
}

// tabTo presses Tab until an element has the focus.
func (p *tab) tabTo(selector string) {
	p.t.Helper()
	var passed []string
	for range 60 {
		p.press("\t")
		if eval[bool](p, "document.activeElement.matches("+quote(selector)+")") {
			return
		}
		passed = append(passed, eval[string](p, "document.activeElement.outerHTML.slice(0, 60)"))
	}
	p.t.Fatalf("Tab does not reach %s: %q", selector, slices.Compact(passed))
}

var errTimeout = errors.New("it did not happen in time")

// eventually waits for something outside the browser.
func eventually(t *testing.T, check func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !check(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(errTimeout)
		}
	}
}
