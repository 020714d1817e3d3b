package gatewaycmd

import "testing"

func TestPort(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"": 8000, "8080": 8080, "0": 0, "65536": 0, "http": 0} {
		got, err := port(func(string) string { return text })
		if got != want || (err == nil) != (want > 0) {
			t.Errorf("%q is the port %d, %v", text, got, err)
		}
	}
}
