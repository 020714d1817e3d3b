package pagetest

import (
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/tracing"
	"github.com/chromedp/chromedp"
)

// longestTask is what the browser's main thread may do at a stretch. Only the
// time of the processor counts: a test has it not for itself.
const longestTask = 100 * time.Millisecond

// TestScrolling: 500 portraits scroll from top to bottom without a long task.
func TestScrolling(t *testing.T) {
	f := newFake(t, server("ready", "lite", nil), nil, portraits(500))
	p := f.visit()
	p.until("document.querySelectorAll('.card').length === 501 && " + loadedPictures + " > 5")
	longest, count := p.trace(func() {
		p.script(`(async () => {
			const frame = () => new Promise((done) => requestAnimationFrame(done));
			for (let last = -1; scrollY !== last;) {
				last = scrollY;
				scrollBy(0, 500);
				await frame();
			}
		})()`)
		p.until(loadedPictures + " > 30")
	})
	t.Logf("the longest of %d tasks took %s", count, longest)
	if longest > longestTask || count < 100 {
		t.Errorf("the longest of %d tasks took %s", count, longest)
	}
}

// trace returns the longest of the page's tasks while something is done, and how
// many there were.
func (p *tab) trace(do func()) (longest time.Duration, count int) {
	p.t.Helper()
	var mu sync.Mutex
	done := make(chan struct{})
	err := chromedp.Listen(p.ctx, func(event any) {
		switch e := event.(type) {
		case *tracing.EventDataCollected:
			for _, value := range e.Value {
				mu.Lock()
				if took := taskTime(value); took > 0 {
					longest, count = max(longest, took), count+1
				}
				mu.Unlock()
			}
		case *tracing.EventTracingComplete:
			close(done)
		}
	})
	if err != nil {
		p.t.Fatal(err)
	}
	config := tracing.StartParams{TransferMode: tracing.StartTransferModeReportEvents, TraceConfig: &tracing.TraceConfig{
		IncludedCategories: []string{"disabled-by-default-devtools.timeline"}, ExcludedCategories: []string{"*"}}}
	if _, err := chromedp.Call(p.ctx, tracing.Start, config); err != nil {
		p.t.Fatal(err)
	}
	do()
	if _, err := chromedp.Call(p.ctx, tracing.End, cdp.Empty{}); err != nil {
		p.t.Fatal(err)
	}
	<-done
	mu.Lock()
	defer mu.Unlock()
	return longest, count
}

// taskTime is the processor's time of a trace event, if that is a task.
func taskTime(data []byte) time.Duration {
	var event struct {
		Name string
		Tdur int64 // microseconds
	}
	if json.Unmarshal(data, &event) != nil || event.Name != "RunTask" {
		return 0
	}
	return time.Duration(event.Tdur) * time.Microsecond
}
