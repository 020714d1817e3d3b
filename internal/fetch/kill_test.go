package fetch

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/djok/facecraft/internal/dockertest"
)

// child has this test program download an order, as a process of its own that
// can be killed and measured. Its value is a childOrder.
const child = "FACECRAFT_FETCH_CHILD"

type childOrder struct {
	Dir, Repository string
	Connections     int
	Blobs           []Item
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

// download is the child. It tells the most memory that it ever had.
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
	if err := f.Wait(context.Background()); err != nil {
		return err
	}
	status, _ := os.ReadFile("/proc/self/status") // not everywhere
	fmt.Printf("%s", status)
	return f.Close()
}

func (r *rig) child(t testing.TB, connections int) *exec.Cmd {
	t.Helper()
	order, err := json.Marshal(childOrder{r.dir, r.order.Repository.String(), connections, r.order.Blobs})
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), child+"="+string(order))
	command.Stderr = os.Stderr
	return command
}

// TestKilled: kill -9 at fifty random moments loses no more than the blocks
// that were under way.
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
		command := r.child(t, 4)
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(50+rand.IntN(500)) * time.Millisecond)
		_ = command.Process.Kill()
		_ = command.Wait()
		now, err := Kept(r.dir)
		if err != nil || now < kept {
			t.Errorf("kill %d: %d bytes are here, %v; there were %d", n+1, now, err, kept)
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

// TestMemory: however large the download and however many the connections.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("measures memory, which the race detector multiplies")
	}
	r := newRig(t, 300<<20)
	output, err := r.child(t, MaxConnections).Output()
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(output), "VmHWM:")
	if !found {
		t.Skip("needs /proc")
	}
	kilobytes, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d kB at most", kilobytes)
	if kilobytes > 64_000 {
		t.Errorf("%d kB of memory", kilobytes)
	}
}
