package launch

import (
	"errors"
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/registry"
)

// TestOffline changes the remedy of an unreachable registry, and no other.
func TestOffline(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"dial tcp: lookup registry-1.docker.io: no such host": "fits",
		"dial tcp 10.0.0.1:443: i/o timeout":                  "fits",
		"manifest unknown":                                    "check the tag",
	} {
		err := registry.Explain("x:y", errors.New(text))
		got := Offline(err, "fits")
		if fault.HintOf(got) != want || got.Error() != err.Error() || fault.CodeOf(got) != fault.CodeOf(err) {
			t.Errorf("%s: got %v, fix %q, want %q", text, got, fault.HintOf(got), want)
		}
	}
	if !strings.Contains(registry.Offline, "facecraft load") || strings.Contains(registry.Offline, "--lite") {
		t.Errorf("the remedy for every command is %q", registry.Offline)
	}
}
