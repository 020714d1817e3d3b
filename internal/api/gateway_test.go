package api

import (
	"maps"
	"testing"
)

func TestReadyServers(t *testing.T) {
	t.Parallel()
	const metrics = `# HELP facecraft_server_ready Whether a server is ready.
facecraft_server_busy{server="facecraft:8000"} 1
facecraft_server_ready{server="facecraft:8000"} 1
facecraft_server_ready{server="facecraft-2:8000"} 0
`
	want := map[string]bool{"facecraft": true, "facecraft-2": false}
	if got := readyServers(metrics); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
