package gatewaycmd_test

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/djok/facecraft/internal/gateway"
	"github.com/djok/facecraft/internal/gatewaycmd"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/plantest"
)

// TestRead: what a plan says reaches the gateway.
func TestRead(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		request  plan.Request
		hosts    []string
		loopback bool
	}{
		"this machine": {plan.Request{}, []string{"127.0.0.1:8000", "[::1]:8000", "localhost:8000"}, true},
		"IPv6":         {plan.Request{Listen: "::1"}, []string{"127.0.0.1:8000", "[::1]:8000", "localhost:8000"}, true},
		"one address":  {plan.Request{Listen: "192.0.2.7", Port: 80}, []string{"192.0.2.7:80"}, false},
		"all":          {plan.Request{Listen: "0.0.0.0"}, []string{gateway.AnyHost}, false},
		"names": {plan.Request{Listen: "0.0.0.0",
			Env: []plan.Env{{Name: plan.HostsVariable, Value: "a.example, b.example:443"}}},
			[]string{"127.0.0.1:8000", "[::1]:8000", "localhost:8000", "a.example", "a.example:8000", "b.example:443"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.request.Gateway = new(true)
			tt.request.Replicas = 2
			config, certificate, err := gatewaycmd.Read(environment(t, tt.request), io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(config.Hosts, tt.hosts) || config.Loopback != tt.loopback {
				t.Errorf("hosts are %q, loopback is %t", config.Hosts, config.Loopback)
			}
			if want := []string{"http://facecraft:8000", "http://facecraft-2:8000"}; !slices.Equal(config.Servers, want) {
				t.Errorf("servers are %q", config.Servers)
			}
			if (config.Keys != nil) == tt.loopback || certificate != nil {
				t.Errorf("keys %t, certificate %v", config.Keys != nil, certificate)
			}
		})
	}
}

func TestReadTLS(t *testing.T) {
	t.Parallel()
	_, certificate, err := gatewaycmd.Read(environment(t, plan.Request{TLS: &plan.TLS{Cert: "/c/a.pem", Key: "/k/b.pem"}}),
		io.Discard)
	want := gateway.TLS{CertFile: "/run/facecraft/tls-cert/a.pem", KeyFile: "/run/facecraft/tls-key/b.pem"}
	if err != nil || certificate == nil || *certificate != want {
		t.Errorf("certificate is %v, %v", certificate, err)
	}
}

// environment is that of a request's gateway, with its keys in a file of the test.
func environment(t *testing.T, request plan.Request) func(string) string {
	t.Helper()
	keys := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(keys, []byte("door correct-horse\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	for _, e := range plantest.Make(t, plantest.Laptop(), request).Gateway().Env {
		if env[e.Name] = e.Value; e.Value == plan.GatewayKeyFile {
			env[e.Name] = keys
		}
	}
	return func(name string) string { return env[name] }
}
