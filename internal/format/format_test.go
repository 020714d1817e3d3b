package format_test

import (
	"testing"
	"time"

	"github.com/djok/facecraft/internal/format"
)

func TestSizes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		got, want string
	}{
		{format.Size(0), "0 B"}, {format.Size(999), "999 B"}, {format.Size(1000), "1 kB"},
		{format.Size(13_800_000_000), "13.8 GB"},
		{format.Size(999_999), "1 MB"}, {format.Memory(1 << 30), "1 GiB"}, {format.Memory(25_275_000_000), "23.5 GiB"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %s, want %s", tt.got, tt.want)
		}
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ got, want string }{
		{format.Duration(6 * time.Hour), "6h"}, {format.Duration(90 * time.Second), "1m30s"},
		{format.Duration(10 * time.Minute), "10m"},
		{format.Duration(25*time.Hour + 30*time.Minute + 12*time.Second), "25h30m"},
		{format.Elapsed(1940 * time.Millisecond), "1.9 s"}, {format.Elapsed(42 * time.Second), "42 s"},
		{format.Elapsed(125 * time.Second), "2 min 05 s"}, {format.Elapsed(3*time.Hour + 4*time.Minute), "3 h 04 min"},
		{format.Count(1, "photo", "photos"), "1 photo"}, {format.Count(0, "photo", "photos"), "0 photos"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}
