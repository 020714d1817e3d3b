package statusview_test

import (
	"encoding/json"
	"testing"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/golden"
	"github.com/djok/facecraft/internal/launch"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/run"
	"github.com/djok/facecraft/internal/statusview"
)

// TestText shows a server that other machines can reach, its dead replica, one
// that Compose started, and a gateway.
func TestText(t *testing.T) {
	t.Parallel()
	var loaded api.Status
	if err := json.Unmarshal([]byte(`{
		"device": {"type": "cpu", "name": "x86_64"},
		"models": {"face": {"type": "retinaface", "loaded": true}, "hair": {"type": "u2net"}},
		"statistics": {"total_processed": 12, "backgrounds_kept": 1}}`), &loaded); err != nil {
		t.Fatal(err)
	}
	servers := []launch.Status{
		{
			Server: run.Server{Name: "facecraft-1", Variant: "cpu", Image: "djok/facecraft:cpu", Digest: "sha256:0123",
				Status: "Up 2 hours", URL: "http://127.0.0.1:8000", Listen: "0.0.0.0", Replica: 1},
			Ready:    true,
			API:      &loaded,
			Warnings: []string{"the model hair is not loaded"},
		},
		{
			Server: run.Server{Name: "facecraft-2", Status: "Exited (137)", Replica: 2},
			Detail: "it is not running",
			End:    &run.End{Ended: "killed: out of memory", Restarts: 4, Remedy: "facecraft up --recreate"},
		},
		{
			Server: run.Server{Name: "web-api-1", Image: "portraits:dev", Status: "Up 3 minutes", Unmanaged: true},
			Detail: "it does not publish a port on this machine",
		},
		{
			Server: run.Server{Name: "facecraft", Role: plan.RoleGateway, Status: "Up 2 hours",
				URL: "http://127.0.0.1:8100", Listen: "127.0.0.1"},
			Ready: true,
		},
		{
			Server: run.Server{Name: "facecraft-3", Image: "djok/facecraft:cpu", Behind: "facecraft"},
			Ready:  true,
		},
	}
	golden.Compare(t, "testdata/status.txt", statusview.Text(servers))
}
