package registry_test

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/registry"
)

// pushed pushes an image and returns its digest.
func pushed(t *testing.T, client registry.Client, reference string, image v1.Image) (string, error) {
	t.Helper()
	digest, note, err := client.Push(t.Context(), reference, image, func(int64, int64) {})
	if note != "" {
		t.Errorf("note %q", note)
	}
	return digest, err
}

// TestPush pushes twice: the second time nothing but the manifest is sent.
func TestPush(t *testing.T) {
	t.Parallel()
	f := dockertest.NewFaultyRegistry(t)
	client := registry.Client{Keychain: nobody}
	image := dockertest.ImageOf(t, dockertest.Layer(t, 300_000))
	var sent int64
	digest, _, err := client.Push(t.Context(), f.Host+"/tools/image:1", image, func(done, _ int64) { sent = done })
	if err != nil {
		t.Fatal(err)
	}
	if sent < 300_000 {
		t.Errorf("told of %d bytes", sent)
	}
	if got, err := client.Digest(t.Context(), f.Host+"/tools/image:1"); err != nil || got != digest {
		t.Errorf("the registry has %s, %v, not %s", got, err, digest)
	}
	f.Reset()
	again, err := pushed(t, client, f.Host+"/tools/image:2", image)
	if err != nil || again != digest {
		t.Errorf("pushed %s, %v, not %s", again, err, digest)
	}
	if n := f.Count("/uploads/"); n > 0 {
		t.Errorf("%d requests for uploads of what the registry has", n)
	}
}

// TestPushLogin uses the login of pulls, for both kinds of authentication.
func TestPushLogin(t *testing.T) {
	t.Parallel()
	image := dockertest.ImageOf(t, dockertest.Layer(t, 100))
	for what, protect := range map[string]func(*dockertest.FaultyRegistry){
		"basic": dockertest.RequireBasic, "token": dockertest.RequireToken,
	} {
		f := dockertest.NewFaultyRegistry(t)
		protect(f)
		known := registry.Client{Keychain: logins{f.Host: {Username: dockertest.User, Password: dockertest.Password}}}
		if _, err := pushed(t, known, f.Host+"/image:1", image); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		for _, keychain := range []authn.Keychain{nobody, logins{f.Host: {Username: dockertest.User, Password: "wrong"}}} {
			_, err := pushed(t, registry.Client{Keychain: keychain}, f.Host+"/image:1", image)
			if fault.HintOf(err) != "docker login "+f.Host {
				t.Errorf("%s: %v, fix: %s", what, err, fault.HintOf(err))
			}
		}
	}
}

func TestPushRefused(t *testing.T) {
	t.Parallel()
	image := dockertest.ImageOf(t, dockertest.Layer(t, 100))
	for status, want := range map[int]string{
		http.StatusForbidden:             "the registry denied it",
		http.StatusNotFound:              "no such repository",
		http.StatusMethodNotAllowed:      "read-only",
		http.StatusRequestEntityTooLarge: "larger than the registry accepts",
		http.StatusInsufficientStorage:   "server error",
	} {
		f := dockertest.NewFaultyRegistry(t)
		f.Fail("POST ", -1, dockertest.Answer(status, "UNSUPPORTED", "no"))
		_, err := pushed(t, registry.Client{Keychain: nobody}, f.Host+"/image:1", image)
		if err == nil || !strings.Contains(err.Error(), want) || fault.HintOf(err) == "" {
			t.Errorf("%d: %v", status, err)
		}
	}
}

// TestPushElsewhere: what is not a registry, or is one that cannot be used.
func TestPushElsewhere(t *testing.T) {
	t.Parallel()
	image := dockertest.ImageOf(t, dockertest.Layer(t, 100))
	f := dockertest.NewFaultyRegistry(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close() // nobody listens there now
	// Every name leads to the registry, which has no TLS.
	plain := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, f.Host)
	}}
	for _, tt := range []struct {
		reference, want string
		transport       http.RoundTripper
		code            fault.Code
	}{
		{listener.Addr().String() + "/image:1", "the registry cannot be reached", nil, fault.Failed},
		{"registry.example/image:1", "the registry has no TLS", plain, fault.Failed},
		{"10.0.0.1:5000/image:1", "", plain, fault.Done},
		{"Image", "cannot push to", nil, fault.Usage},
		{f.Host + "/image@sha256:" + strings.Repeat("0", 64), "cannot push to", nil, fault.Usage},
	} {
		_, err := pushed(t, registry.Client{Keychain: nobody, Transport: tt.transport}, tt.reference, image)
		if fault.CodeOf(err) != tt.code || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.reference, err)
		}
		if hint := fault.HintOf(err); err != nil && (hint == "" || strings.Contains(hint, "load")) {
			t.Errorf("%s: fix: %s", tt.reference, hint)
		}
	}
}
