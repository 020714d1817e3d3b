package batch

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

func TestWatchTakesWhatSettles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	old := filepath.Join(dir, "old.jpg")
	writeFile(t, old, jpegOf("old"))
	long := time.Now().Add(-time.Hour)
	if err := os.Chtimes(old, long, long); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second)
	defer cancel()
	var mu sync.Mutex
	var taken []string
	has := func(name string) bool {
		mu.Lock()
		defer mu.Unlock()
		return slices.Contains(taken, name)
	}
	await := func(name string) {
		t.Helper()
		for !has(name) {
			if ctx.Err() != nil {
				t.Errorf("%s was not processed, only %q", name, taken)
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
	finder := Finder{Recursive: true}
	var arrivals Arrivals
	ended := make(chan error)
	go func() {
		ended <- Watch(ctx, []string{dir}, "", func() bool {
			found, _, err := finder.Find([]string{dir})
			if err != nil {
				t.Error(err)
			}
			var jobs []*Job
			for _, p := range found {
				jobs = append(jobs, &Job{Photo: p})
			}
			settled, more := arrivals.Settled(jobs)
			mu.Lock()
			defer mu.Unlock()
			for _, job := range settled {
				taken = append(taken, job.Rel)
			}
			return more
		}, func(err error) { t.Error(err) })
	}()
	await("old.jpg")

	// A file that is still being written is left alone; one in a new directory is
	// processed.
	growing := filepath.Join(dir, "growing.jpg")
	begin := time.Now()
	for i := 0; time.Since(begin) < 2500*time.Millisecond; i++ {
		writeFile(t, growing, jpegOf(string(make([]byte, i))))
		if has("growing.jpg") {
			t.Fatal("a file was processed while it was being written")
		}
		time.Sleep(50 * time.Millisecond)
	}
	await("growing.jpg")
	writeFile(t, filepath.Join(dir, "new", "deep.jpg"), jpegOf("deep"))
	await(filepath.Join("new", "deep.jpg"))
	writeFile(t, old, jpegOf("another"))
	twice := func() bool {
		mu.Lock()
		defer mu.Unlock()
		n := 0
		for _, name := range taken {
			if name == "old.jpg" {
				n++
			}
		}
		return n == 2
	}
	for !twice() {
		if ctx.Err() != nil {
			t.Fatal("a changed photo was not processed again")
		}
		time.Sleep(5 * time.Millisecond)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Watch returned %v", err)
	}
	if slices.Sort(taken); !slices.Equal(
		taken,
		[]string{"growing.jpg", filepath.Join("new", "deep.jpg"), "old.jpg", "old.jpg"},
	) {
		t.Errorf("processed: %q", taken)
	}
}
