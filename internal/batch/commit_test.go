package batch

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// BenchmarkTenThousandResults measures how long it takes to write 10,000
// portraits of 20 kB to disk, with the number of workers for one server and for
// four.
func BenchmarkTenThousandResults(b *testing.B) {
	portrait := bytes.Repeat([]byte("portrait"), 2_500)
	for _, workers := range []int{2 * InFlight, 8 * InFlight} {
		b.Run(fmt.Sprint(workers), func(b *testing.B) {
			var took time.Duration
			for b.Loop() {
				took += saveAll(b, workers, 10_000, portrait)
			}
			b.ReportMetric(took.Seconds()/float64(b.N), "s-10000")
		})
	}
}

func saveAll(t testing.TB, workers, n int, portrait []byte) time.Duration {
	dir := t.TempDir()
	j, err := openJournal(dir)
	if err != nil {
		t.Fatal(err)
	}
	var r results
	queue := make(chan int)
	var working sync.WaitGroup
	begin := time.Now()
	for range workers {
		working.Go(func() {
			for i := range queue {
				job := &Job{
					Results: []string{filepath.Join(dir, fmt.Sprintf("p%05d-facecraft.png", i))},
					journal: j,
					protect: []bool{false},
				}
				err := r.save(job, entry{Photo: fmt.Sprintf("p%05d.jpg", i)}, func(file *os.File, _ string) error {
					_, err := file.Write(portrait)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range n {
		queue <- i
	}
	close(queue)
	working.Wait()
	return time.Since(begin)
}
