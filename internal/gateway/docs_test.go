package gateway

import (
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
)

// metricName matches the names of metrics, but not of the job.
var metricName = regexp.MustCompile(`\b(facecraft|process)_[a-z_]*(total|seconds|bytes|ready|busy|queue|limit)\b`)

// TestMetricsInDocs: the documentation and the dashboard ask for metrics that exist.
func TestMetricsInDocs(t *testing.T) {
	t.Parallel()
	f := newFront(t, []string{newFake(t).URL})
	f.post(t, "/api/v1/process/quick", nil)
	metrics := f.do(t, http.MethodGet, "/metrics", nil).body
	for _, name := range []string{"gateway.md", "grafana-gateway.json"} {
		text, err := os.ReadFile("../../docs/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, ".json") && !json.Valid(text) {
			t.Errorf("%s is not valid JSON", name)
		}
		for _, metric := range metricName.FindAll(text, -1) {
			if !strings.Contains(metrics, "\n"+string(metric)) {
				t.Errorf("%s names %s, which does not exist", name, metric)
			}
		}
	}
}
