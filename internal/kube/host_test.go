package kube_test

import (
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/kube"
)

func TestCheckHost(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"": true, "portraits": true, "portraits.example.org": true, "*.example.org": true, "1.example.org": true,
		"a-b.c":                 true,
		"Portraits.example.org": false, "http://example.org": false, "example.org/x": false, "example.org:80": false,
		"two words": false,
		"-a.org":    false, "a-.org": false, "a..org": false, "a.org.": false, "a.*.org": false, "192.0.2.1": false,
		"grün.org": false,
		"a.org\nx": false, strings.Repeat("a.", 127) + "org": false,
	} {
		if err := kube.CheckHost(host); (err == nil) != want {
			t.Errorf("%q: %v", host, err)
		}
	}
}
