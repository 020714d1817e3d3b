package plan_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/plantest"
)

// yes and no are what --gateway and --gateway=false ask for.
var yes, no = new(true), new(false)

// TestGateway has one row for each rule about the gateway.
func TestGateway(t *testing.T) {
	t.Parallel()
	key := []plan.Secret{{Name: plan.APIKeyVariable, Ambient: true}}
	for name, tt := range map[string]struct {
		request plan.Request
		reason  string // choice: because; empty means that there is no gateway
		keys    bool
		warning string // "" means that there must be none
	}{
		"not asked for": {request: plan.Request{}},
		"several servers": {request: plan.Request{Replicas: 3},
			reason: "gateway: 3 servers get one address, and results can be fetched there"},
		"others can reach it": {request: plan.Request{Listen: "192.0.2.7"}, keys: true,
			reason:  "gateway: others can reach 192.0.2.7, and the images enforce no API key",
			warning: "API keys and photos cross the network in clear text"},
		"asked for": {request: plan.Request{Gateway: yes}, reason: "gateway: requested with --gateway"},
		"for keys": {request: plan.Request{KeyFile: "/keys"}, keys: true,
			reason: "gateway: the images enforce no API key, and --api-key-file asks for one"},
		"for HTTPS": {request: plan.Request{TLS: &plan.TLS{}},
			reason: "gateway: the images speak HTTP only, and --tls-cert asks for HTTPS"},
		"an image that was pushed": {request: plan.Request{Gateway: yes, GatewayImage: "registry.example/gateway:1"},
			reason: "gateway image: requested with --gateway-image"},
		"loopback needs no key": {request: plan.Request{Gateway: yes},
			reason: "no API key: only this machine can reach 127.0.0.1"},
		"a key from the environment": {request: plan.Request{Gateway: yes, Secrets: key},
			reason: "API key: FACECRAFT_API_KEY, taken from the environment", keys: true},
		"a key from a file": {request: plan.Request{Gateway: yes, KeyFile: "/home/maria/keys", Secrets: key},
			reason: "API key: taken from /home/maria/keys", keys: true},
		"a key made for others": {request: plan.Request{Gateway: yes, Listen: "0.0.0.0"},
			reason: "API key: made by facecraft, because others can reach 0.0.0.0", keys: true,
			warning: "API keys and photos cross the network in clear text"},
		"HTTPS": {request: plan.Request{Gateway: yes, Listen: "0.0.0.0", TLS: &plan.TLS{Cert: "/c/c.pem", Key: "/k/k.pem"}},
			reason: "HTTPS: requested with --tls-cert", keys: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := plantest.Make(t, plantest.Laptop(), tt.request)
			gateway := p.Gateway()
			if tt.reason == "" {
				if gateway != nil || len(p.Servers()) != 1 || p.Front().Name != p.First().Name {
					t.Errorf("unexpected gateway in\n%s", p)
				}
				return
			}
			if gateway == nil || gateway.Role != plan.RoleGateway || p.Front().Name != "facecraft-gateway" {
				t.Fatalf("no gateway in\n%s", p)
			}
			choice, because, _ := strings.Cut(tt.reason, ": ")
			if !slices.Contains(p.Reasons, plan.Reason{Choice: choice, Because: because}) {
				t.Errorf("no reason %q in\n%s", tt.reason, p)
			}
			if (gateway.KeyFile != "") != tt.keys {
				t.Errorf("its key file is %q", gateway.KeyFile)
			}
			text := strings.Join(p.Warnings, "\n")
			if text != tt.warning && (tt.warning == "" || !strings.Contains(text, tt.warning)) {
				t.Errorf("warnings are %q, want %q", text, tt.warning)
			}
			if slices.ContainsFunc(p.First().Secrets, func(s plan.Secret) bool { return s.Name == plan.APIKeyVariable }) {
				t.Error("the server gets the API key")
			}
		})
	}
}

// TestNoGateway: servers that would be behind one say what it means that they are not.
func TestNoGateway(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		facts  plan.Facts
		wanted *bool
		reason string
	}{
		"not wanted":    {plantest.Laptop(), no, ""},
		"no executable": {plantest.Blind(), nil, "carries no Linux executable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := plantest.Make(t, tt.facts, plan.Request{Tag: "cpu", Replicas: 2, Listen: "0.0.0.0", Gateway: tt.wanted})
			warnings := strings.Join(p.Warnings, "\n")
			for _, want := range []string{"enforces no API key", "the one of the 2 servers that made it"} {
				if !strings.Contains(warnings, want) {
					t.Errorf("no warning %q in\n%s", want, p)
				}
			}
			i := slices.IndexFunc(p.Reasons, func(r plan.Reason) bool { return r.Choice == "no gateway" })
			if p.Gateway() != nil || (i >= 0) != (tt.reason != "") ||
				i >= 0 && !strings.Contains(p.Reasons[i].Because, tt.reason) {
				t.Errorf("no reason %q in\n%s", tt.reason, p)
			}
		})
	}
}

// TestGatewayText is what the plan says of three servers behind a gateway.
func TestGatewayText(t *testing.T) {
	t.Parallel()
	p := plantest.Make(t, plantest.Laptop(), plan.Request{Tag: "lite", Gateway: yes, Replicas: 3, Instance: "photos",
		Env: []plan.Env{{Name: plan.HostsVariable, Value: "photos.example.org"}}})
	for _, want := range []string{
		"address      http://127.0.0.1:8000, of the gateway photos-gateway (facecraft-lite:0123456789ab)\n",
		"beside it    photos-2\n", "beside it    photos-3\n",
	} {
		if !strings.Contains(p.String(), want) {
			t.Errorf("no %q in\n%s", want, p)
		}
	}
	want := []plan.Env{
		{Name: plan.GatewayServersVariable, Value: "http://photos:8000,http://photos-2:8000,http://photos-3:8000"},
		{Name: plan.GatewayPublishedVariable, Value: "127.0.0.1:8000"},
		{Name: plan.OriginsVariable, Value: "http://127.0.0.1:8000,http://localhost:8000"},
		{Name: plan.HostsVariable, Value: "photos.example.org"},
	}
	if got := p.Gateway().Env; !slices.Equal(got, want) {
		t.Errorf("its environment is %v, want %v", got, want)
	}
	for _, s := range p.Servers() {
		if !s.Publish.Nowhere() || s.Publish.URL() != "" || s.Network != p.Gateway().Network {
			t.Errorf("%s publishes %+v in the network %q", s.Name, s.Publish, s.Network)
		}
	}
}

func TestGatewayHTTPS(t *testing.T) {
	t.Parallel()
	p := plantest.Make(t, plantest.SELinux(),
		plan.Request{Gateway: yes, TLS: &plan.TLS{Cert: "/etc/tls/cert.pem", Key: "/etc/tls/private/key.pem"}})
	g := p.Gateway()
	want := []plan.Bind{
		{Source: filepath.FromSlash("/etc/tls"), Target: "/run/facecraft/tls-cert", Relabel: true, ReadOnly: true},
		{Source: filepath.FromSlash("/etc/tls/private"), Target: "/run/facecraft/tls-key", Relabel: true, ReadOnly: true},
	}
	if !slices.Equal(g.Binds, want) {
		t.Errorf("it mounts %+v, want %+v", g.Binds, want)
	}
	if g.User != "1234:1234" || g.Publish.URL() != "https://127.0.0.1:8000" || g.Labels("v1")[plan.LabelTLS] != "true" {
		t.Errorf("it runs as %s at %s with the labels %v", g.User, g.Publish.URL(), g.Labels("v1"))
	}
	for _, e := range []plan.Env{
		{Name: plan.GatewayCertVariable, Value: "/run/facecraft/tls-cert/cert.pem"},
		{Name: plan.GatewayKeyVariable, Value: "/run/facecraft/tls-key/key.pem"},
		{Name: plan.OriginsVariable, Value: "https://127.0.0.1:8000,https://localhost:8000"},
	} {
		if !slices.Contains(g.Env, e) {
			t.Errorf("no %v in %v", e, g.Env)
		}
	}
}

func TestGatewayRefused(t *testing.T) {
	t.Parallel()
	c := loadCatalogue(t)
	for name, tt := range map[string]struct {
		facts   plan.Facts
		request plan.Request
		code    fault.Code
		say     string
	}{
		"keys without a gateway": {plantest.Laptop(), plan.Request{Gateway: no, KeyFile: "/keys"}, fault.Usage,
			"enforce no API key, and --api-key-file asks for one"},
		"HTTPS without a gateway": {plantest.Laptop(), plan.Request{Gateway: no, TLS: &plan.TLS{}}, fault.Usage,
			"speak HTTP only, and --tls-cert asks for HTTPS"},
		"an image without a gateway": {plantest.Laptop(),
			plan.Request{Gateway: no, GatewayImage: "registry.example/gateway:1"}, fault.Usage,
			"--gateway-image names its image"},
		"a key that everybody sees": {plantest.Laptop(),
			plan.Request{Gateway: yes, Env: []plan.Env{{Name: plan.APIKeyVariable, Value: "hush"}}}, fault.Usage,
			"--env would show"},
		"no executable": {plantest.Blind(), plan.Request{Gateway: yes}, fault.Unrunnable, "carries no Linux executable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := plan.Make(tt.facts, c, tt.request)
			if fault.CodeOf(err) != tt.code || !strings.Contains(err.Error(), tt.say) {
				t.Errorf("got %v, want %q", err, tt.say)
			}
		})
	}
}

// TestGatewayChangesNoOtherHash: servers that were started before there were
// gateways must still match their plan.
func TestGatewayChangesNoOtherHash(t *testing.T) {
	t.Parallel()
	for name, p := range plantest.Samples(t) {
		data, err := json.Marshal(p.First())
		if err != nil {
			t.Fatal(err)
		}
		for _, field := range []string{`"role"`, `"args"`, `"network"`, `"key_file"`, `"tls"`} {
			if p.Gateway() == nil && strings.Contains(string(data), field) {
				t.Errorf("%s: %s is part of the hash", name, field)
			}
		}
	}
}

func TestDigestIsOfServers(t *testing.T) {
	t.Parallel()
	p := plantest.Make(t, plantest.Laptop(), plan.Request{Gateway: yes})
	p.SetDigest("sha256:12")
	if p.First().Image.Digest != "sha256:12" || p.Gateway().Image.Digest != "" {
		t.Errorf("the digests are %q and %q", p.First().Image.Digest, p.Gateway().Image.Digest)
	}
}

// TestGatewayImage: a gateway whose image is in a registry needs no executable here.
func TestGatewayImage(t *testing.T) {
	t.Parallel()
	p := plantest.Make(t, plantest.Blind(), plan.Request{Tag: "cpu", Gateway: yes, Elsewhere: true,
		GatewayImage: "registry.example/gateway:1"})
	if image := p.Gateway().Image; image.Reference != "registry.example/gateway:1" || image.BuiltIn ||
		image.Platform == "" {
		t.Errorf("its image is %+v", image)
	}
}

// TestGatewayElsewhere: a gateway in other surroundings has other addresses, and the
// plan's stays.
func TestGatewayElsewhere(t *testing.T) {
	t.Parallel()
	p := plantest.Make(t, plantest.Laptop(), plan.Request{Gateway: yes})
	before := slices.Clone(p.Gateway().Env)
	got := p.Gateway().Behind("http://127.0.0.1:8000").ListeningOn(8080)
	for _, want := range []plan.Env{
		{Name: plan.GatewayServersVariable, Value: "http://127.0.0.1:8000"},
		{Name: plan.GatewayPortVariable, Value: "8080"},
		{Name: plan.GatewayPublishedVariable, Value: "0.0.0.0:8080"},
	} {
		if !slices.Contains(got.Env, want) {
			t.Errorf("no %v in %v", want, got.Env)
		}
	}
	if got.Publish.Container != 8080 || !slices.Equal(p.Gateway().Env, before) || p.Gateway().Publish.Container != 8000 {
		t.Errorf("it listens on %d; the plan's has %v", got.Publish.Container, p.Gateway().Env)
	}
}
