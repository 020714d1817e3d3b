package gateway

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// benchPhoto is 1 MB, and form one for the benchmarks.
const benchPhoto = 1 << 20

type sender struct {
	client *http.Client
	form   []byte
	kind   string
}

func newSender(t testing.TB) *sender {
	t.Helper()
	form, kind := upload(t, "file", [][]byte{make([]byte, benchPhoto)})
	return &sender{&http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}, form.Bytes(), kind}
}

// send sends a photo, and returns the first bytes of the portrait.
func (s *sender) send(url string, form []byte) (string, error) {
	response, err := s.client.Post(url+"/api/v1/process/quick", s.kind, bytes.NewReader(form))
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d: %.200s", response.StatusCode, body)
	}
	return string(body[:min(markLength, len(body))]), err
}

// frontDoor starts a gateway process, and waits until it is ready.
func frontDoor(t testing.TB, servers ...*child) *child {
	t.Helper()
	var urls []string
	for _, s := range servers {
		urls = append(urls, s.url())
	}
	g := start(t, "gateway", "127.0.0.1:0", "SERVERS="+strings.Join(urls, " "))
	within(t, "the gateway is ready", func() bool {
		return do(t, http.MethodGet, g.url()+"/readiness", nil).status == http.StatusOK
	})
	return g
}

// onlyMeasured skips what is of use on a quiet machine only.
func onlyMeasured(t testing.TB) {
	t.Helper()
	if os.Getenv("FACECRAFT_BENCH") == "" {
		t.Skip("set FACECRAFT_BENCH to measure")
	}
}

// TestLatency compares a photo's way through the gateway with the server alone, in
// turns.
func TestLatency(t *testing.T) {
	onlyMeasured(t)
	server := start(t, "server", "127.0.0.1:0", "WORK=5ms")
	g, n, s := frontDoor(t, server), startNginx(t, server), newSender(t)
	took := map[string][]time.Duration{}
	for range 600 {
		for name, c := range map[string]*child{"server": server, "gateway": g, "nginx": n} {
			begin := time.Now()
			if _, err := s.send(c.url(), s.form); err != nil {
				t.Fatal(err)
			}
			took[name] = append(took[name], time.Since(begin))
		}
	}
	for _, all := range took {
		slices.Sort(all)
	}
	for name, all := range took {
		t.Logf("%-8s median %v p99 %v; more than the server alone: %v and %v", name, all[len(all)/2], all[len(all)*99/100],
			all[len(all)/2]-took["server"][len(all)/2], all[len(all)*99/100]-took["server"][len(all)*99/100])
	}
}

// TestThroughput compares photos a second.
func TestThroughput(t *testing.T) {
	onlyMeasured(t)
	s := newSender(t)
	for _, work := range []string{"20ms", "100ms"} {
		one := start(t, "server", "127.0.0.1:0", "WORK="+work)
		two, three := start(t, "server", "127.0.0.1:0", "WORK="+work), start(t, "server", "127.0.0.1:0", "WORK="+work)
		for _, c := range []struct {
			name string
			at   *child
		}{
			{"server alone", one}, {"gateway, one server", frontDoor(t, one)}, {"nginx, one server", startNginx(t, one)},
			{"gateway, three servers", frontDoor(t, one, two, three)}, {"nginx, three servers", startNginx(t, one, two, three)},
		} {
			t.Logf("%s: %-24s %.2f photos/s", work, c.name, rate(t, s, c.at.url(), 12, 3*time.Second))
			if strings.HasPrefix(c.name, "gateway") {
				t.Logf("RSS %d MB", rss(t, c.at)>>20)
			}
		}
	}
}

// TestMemory: the gateway's memory after photos of 1 MB from 20 clients, as many as
// FACECRAFT_BENCH says.
func TestMemory(t *testing.T) {
	onlyMeasured(t)
	work := "WORK=0ms"
	g := frontDoor(t, start(t, "server", "127.0.0.1:0", work), start(t, "server", "127.0.0.1:0", work),
		start(t, "server", "127.0.0.1:0", work))
	t.Logf("RSS before the first photo: %.1f MB", float64(rss(t, g))/1e6)
	s := newSender(t)
	var left atomic.Int64
	count, _ := strconv.ParseInt(os.Getenv("FACECRAFT_BENCH"), 10, 64)
	left.Store(count)
	var most int64
	var clients sync.WaitGroup
	for range 20 {
		clients.Go(func() {
			for left.Add(-1) >= 0 {
				if _, err := s.send(g.url(), s.form); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	finished := make(chan struct{})
	go func() { clients.Wait(); close(finished) }()
	for sampling := true; sampling; {
		select {
		case <-finished:
			sampling = false
		case <-time.After(100 * time.Millisecond):
		}
		most = max(most, rss(t, g))
	}
	after := rss(t, g)
	time.Sleep(2 * time.Second)
	t.Logf("RSS at most %.1f MB, after %d photos %.1f MB, two seconds later %.1f MB",
		float64(most)/1e6, count, float64(after)/1e6,
		float64(rss(t, g))/1e6)
}

// rate sends photos from several clients for a while, after a first photo each.
func rate(t testing.TB, s *sender, url string, clients int, during time.Duration) float64 {
	t.Helper()
	var done atomic.Int64
	var working sync.WaitGroup
	begin := time.Now()
	for range clients {
		working.Go(func() {
			for time.Since(begin) < during {
				if _, err := s.send(url, s.form); err != nil {
					t.Error(err)
					return
				}
				done.Add(1)
			}
		})
	}
	working.Wait()
	return float64(done.Load()) / time.Since(begin).Seconds()
}

// rss is a process's resident memory in bytes.
func rss(t testing.TB, c *child) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.command.Process.Pid))
	if err != nil {
		t.Skip(err)
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "VmRSS:" {
			kb, _ := strconv.ParseInt(fields[1], 10, 64)
			return kb << 10
		}
	}
	t.Fatal("no VmRSS")
	return 0
}
