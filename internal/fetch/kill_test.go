package fetch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/djok/facecraft/internal/dockertest"
)

// child makes this test program download an order as a separate process, which can
// be killed and measured. Its value is a childOrder.
const child = "FACECRAFT_FETCH_CHILD"

type childOrder struct {
	Dir, Repository string
	Connections     int
	Live            bool // measure the live heap, and do not finish
	Blobs           []Item
}

// measured is what a child prints.
type measured struct {
	Memory      int64 // bytes, the peak of the whole process; 0 where the system does not tell
	Live        int64 // bytes of the heap in use
	Connections int   // then
}

func TestMain(m *testing.M) {
	if text, ok := os.LookupEnv(child); ok {
		if err := download(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// download is what the child does.
func download(text string) error {
	var order childOrder
	if err := json.Unmarshal([]byte(text), &order); err != nil {
		return err
	}
	repository, err := name.NewRepository(order.Repository)
	if err != nil {
		return err
	}
	store, err := OpenStore(context.Background(), order.Dir, func() {})
	if err != nil {
		return err
	}
	f, err := Start(context.Background(), store,
		Order{Repository: repository, Blobs: order.Blobs, Connections: order.Connections, Patience: hasty})
	if err != nil {
		return err
	}
	if order.Live {
		return json.NewEncoder(os.Stdout).Encode(live(f, order.Connections))
	}
	if err := f.Wait(context.Background()); err != nil {
		return err
	}
	m := measured{Memory: dockertest.PeakMemory()}
	return errors.Join(f.Close(), json.NewEncoder(os.Stdout).Encode(m))
}

// live measures when so many connections are in use, or no more come.
func live(f *Fetcher, connections int) measured {
	for began := time.Now(); f.Progress().Connections < connections && time.Since(began) < 10*time.Second; {
		time.Sleep(10 * time.Millisecond)
	}
	time.Sleep(200 * time.Millisecond) // until they are established
	return measured{Connections: f.Progress().Connections, Live: liveHeap()}
}

func liveHeap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

func (r *rig) child(t testing.TB, order childOrder) *exec.Cmd {
	t.Helper()
	order.Dir, order.Repository, order.Blobs = r.dir, r.order.Repository.String(), r.order.Blobs
	text, err := json.Marshal(order)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), child+"="+string(text))
	command.Stderr = os.Stderr
	return command
}

// TestKilled: kill -9 at fifty random moments loses only the blocks in flight.
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("kills other processes, which the race detector does not follow")
	}
	const layers, kills = 40, 50
	sizes := make([]int, layers)
	for i := range sizes {
		sizes[i] = 2<<20 + 1000*i
	}
	r := newRig(t, sizes...)
	var underWay atomic.Int64
	r.Fail("GET /v2/some/image/blobs/", -1, func(w http.ResponseWriter, request *http.Request, registry http.Handler) {
		dockertest.Slow(32<<10, 10*time.Millisecond)(w, request, registry)
		if request.Context().Err() != nil {
			underWay.Add(BlockSize)
		}
	})
	kept := int64(0)
	for n := range kills {
		command := r.child(t, childOrder{Connections: 4})
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(50+rand.IntN(500)) * time.Millisecond)
		_ = command.Process.Kill()
		_ = command.Wait()
		now, err := Kept(r.dir)
		if err != nil || now < kept {
			t.Errorf("kill %d: %d bytes are stored, %v; there were %d", n+1, now, err, kept)
		}
		kept = now
	}
	t.Logf("%d of %d bytes were here after the last kill", kept, r.size())
	r.fetch(t)
	for r.Open() > 0 {
		time.Sleep(time.Millisecond)
	}
	t.Logf("%d bytes were sent, at most %d of them under way at a kill; the blobs have %d", r.Served(),
		underWay.Load(), r.size())
	r.servedAtMost(t, r.size()*102/100+underWay.Load())
}

// TestMemory: memory is limited, even for a large download over many connections.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("measures memory, which the race detector multiplies")
	}
	r := newRig(t, 300<<20)
	m := r.measure(t, childOrder{Connections: MaxConnections})
	if m.Memory == 0 {
		t.Skip("needs /proc")
	}
	t.Logf("%d kB at most", m.Memory/1000)
	if m.Memory > 64_000_000 {
		t.Errorf("%d kB of memory", m.Memory/1000)
	}
}

func (r *rig) measure(t *testing.T, order childOrder) (m measured) {
	t.Helper()
	r.dir = t.TempDir()
	output, err := r.child(t, order).Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(output, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestMemoryOfAConnection: each connection holds one block, and little else.
func TestMemoryOfAConnection(t *testing.T) {
	if testing.Short() {
		t.Skip("measures memory, which the race detector multiplies")
	}
	r := newRig(t, 64*mega)
	r.LimitConnections(64 << 10) // so that more of them are faster, and nothing else happens meanwhile
	one := r.measure(t, childOrder{Connections: 1, Live: true})
	many := r.measure(t, childOrder{Connections: Connections, Live: true})
	if many.Connections <= one.Connections {
		t.Fatalf("there were %d connections, and then %d", one.Connections, many.Connections)
	}
	each := (many.Live - one.Live) / int64(many.Connections-one.Connections)
	t.Logf("%d bytes for each of %d connections; a block has %d", each, many.Connections, BlockSize)
	if each > BlockSize*3/2 {
		t.Errorf("a connection takes %d bytes", each)
	}
}
