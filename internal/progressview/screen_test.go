package progressview

import (
	"testing"
	"time"

	"github.com/djok/facecraft/internal/progress"
)

func TestDownloading(t *testing.T) {
	t.Parallel()
	const mega = 1_000_000
	for want, event := range map[string]progress.Event{
		"Pulling some/image": {Subject: "some/image"},
		"1.2 MB of 4.1 GB":   {Subject: "some/image", Done: 1.2 * mega, Total: 4100 * mega},
		"1.2 GB of 4.1 GB, 12.3 MB/s, 16 conns, 4m2s left, 512.3 MB unpacked": {Done: 1200 * mega, Total: 4100 * mega,
			Rate: 12.3 * mega, Connections: 16, Left: 242 * time.Second, Unpacked: 512.3 * mega},
		"40 MB of 60 MB, 2 MB/s, 1 conn, 10s left": {Done: 40 * mega, Total: 60 * mega, Rate: 2 * mega, Connections: 1,
			Left: 10 * time.Second},
	} {
		if got := downloading(event); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
