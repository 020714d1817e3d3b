package launch

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// TestEachAddress: a name is replaced by its addresses where servers answer under
// them, and only there.
func TestEachAddress(t *testing.T) {
	t.Parallel()
	serve := func(answer http.HandlerFunc) string {
		server := httptest.NewUnstartedServer(answer)
		server.Listener.Close()
		listener, err := net.Listen("tcp4", "0.0.0.0:0")
		if err != nil {
			t.Fatal(err)
		}
		server.Listener = listener
		server.Start()
		t.Cleanup(server.Close)
		return fmt.Sprint(listener.Addr().(*net.TCPAddr).Port)
	}
	pods := serve(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/read") {
			fmt.Fprint(w, `{"status":"ready","ready":true,"models":{}}`)
		}
	})
	ingress := serve(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot) })
	names := map[string][]net.IP{
		"pods": {net.IPv4(127, 0, 0, 2), net.IPv4(127, 0, 0, 1)}, "one": {net.IPv4(127, 0, 0, 1)},
	}
	resolve := func(_ context.Context, _, host string) ([]net.IP, error) { return names[host], nil }
	for address, want := range map[string][]string{
		"http://pods:" + pods:      {"http://127.0.0.1:" + pods, "http://127.0.0.2:" + pods},
		"http://pods:" + ingress:   {"http://pods:" + ingress},
		"http://one:" + pods:       {"http://one:" + pods},
		"https://pods:" + pods:     {"https://pods:" + pods},
		"http://127.0.0.1:" + pods: {"http://127.0.0.1:" + pods},
	} {
		if got := eachAddress(t.Context(), resolve, address, ""); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", address, got, want)
		}
	}
}
