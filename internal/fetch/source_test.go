package fetch

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"github.com/djok/facecraft/internal/dockertest"
)

const mega = 1 << 20

var login = authn.FromConfig(authn.AuthConfig{Username: dockertest.User, Password: dockertest.Password})

// protections are how a registry may require a login.
var protections = map[string]func(*dockertest.FaultyRegistry){
	"basic": dockertest.RequireBasic, "token": dockertest.RequireToken,
}

func TestAuthorization(t *testing.T) {
	t.Parallel()
	for what, protect := range protections {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, 3*mega)
			protect(r.FaultyRegistry)
			if err := r.refused(t); !permanent(err) {
				t.Errorf("without a login: %v", err)
			}
			r.order.Auth = login
			r.fetch(t)
		})
	}
}

// blobStore is a different host with a registry's blobs, whose URLs expire.
type blobStore struct {
	*httptest.Server
	tickets  atomic.Int64 // given out
	uses     sync.Map     // by ticket: *atomic.Int64
	leaks    atomic.Int64 // requests with a login
	requests atomic.Int64
	lasts    int64 // uses of a URL
}

func newBlobStore(t *testing.T, r *rig, lasts int64) *blobStore {
	s := &blobStore{lasts: lasts}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		s.requests.Add(1)
		if request.Header.Get("Authorization") != "" {
			s.leaks.Add(1)
		}
		uses, _ := s.uses.LoadOrStore(request.URL.Query().Get("ticket"), &atomic.Int64{})
		if uses.(*atomic.Int64).Add(1) > s.lasts {
			http.Error(w, "<Error><Code>AccessDenied</Code></Error>", http.StatusForbidden)
			return
		}
		for i, item := range r.order.Blobs {
			if item.Digest.String() == path.Base(request.URL.Path) {
				http.ServeContent(w, request, "", time.Time{}, bytes.NewReader(r.content[i]))
			}
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// redirect is the registry's response to requests for blobs.
func (s *blobStore) redirect(w http.ResponseWriter, r *http.Request, _ http.Handler) {
	ticket := s.tickets.Add(1)
	address := fmt.Sprintf("%s/%s?ticket=%d", s.URL, path.Base(r.URL.Path), ticket)
	http.Redirect(w, r, address, http.StatusTemporaryRedirect)
}

// TestRedirects: the registry is asked again only when a URL expires, and the other
// host never sees the login.
func TestRedirects(t *testing.T) {
	t.Parallel()
	for what, protect := range protections {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, 100*mega)
			store := newBlobStore(t, r, 5)
			seen := atomic.Int64{}
			count := func(w http.ResponseWriter, request *http.Request, registry http.Handler) {
				if request.Header.Get("Authorization") != "" {
					seen.Add(1)
				}
				store.redirect(w, request, registry)
			}
			r.Fail("GET /v2/some/image/blobs/", -1, count)
			protect(r.FaultyRegistry)
			r.order.Auth = login
			r.fetch(t)
			if store.leaks.Load() > 0 {
				t.Error("the other host saw the login")
			}
			tickets, requests := store.tickets.Load(), store.requests.Load()
			if seen.Load() != tickets || tickets < 2 || 2*tickets > requests {
				t.Errorf("%d addresses were given for %d requests with the login, and used %d times",
					tickets, seen.Load(), requests)
			}
		})
	}
}

// TestExpiredAtOnce: a download whose URLs are refused from the start fails in the
// end.
func TestExpiredAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, 100)
	store := newBlobStore(t, r, 0)
	r.Fail("/blobs/", -1, store.redirect)
	_ = r.refused(t)
	if n := store.tickets.Load(); n != int64(hasty.Attempts) {
		t.Errorf("%d addresses were asked for", n)
	}
}

// TestTokensAreRenewed: each is good for three requests.
func TestTokensAreRenewed(t *testing.T) {
	t.Parallel()
	r := newRig(t, 60*mega)
	var tokens, used atomic.Int64
	r.Fail("/token", -1, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		used.Store(0)
		fmt.Fprintf(w, `{"token":"t%d","expires_in":300}`, tokens.Add(1))
	})
	r.Fail("/v2/", -1, func(w http.ResponseWriter, request *http.Request, registry http.Handler) {
		valid := request.Header.Get("Authorization") == fmt.Sprintf("Bearer t%d", tokens.Load())
		if valid && used.Add(1) <= 3 {
			registry.ServeHTTP(w, request)
			return
		}
		w.Header().Set("WWW-Authenticate",
			`Bearer realm="http://`+r.Host+`/token",service="test",scope="repository:some/image:pull"`)
		dockertest.Answer(http.StatusUnauthorized, "UNAUTHORIZED", "the token has expired")(w, request, registry)
	})
	r.order.Connections = 1
	r.fetch(t)
	if n := tokens.Load(); n < 2 {
		t.Errorf("%d tokens", n)
	}
}

// TestTheRegistryIsRestarted in the middle of a download.
func TestTheRegistryIsRestarted(t *testing.T) {
	t.Parallel()
	r := newRig(t, 20*mega)
	r.Fail("/blobs/", -1, dockertest.Slow(64<<10, 2*time.Millisecond))
	front := &http.Server{Handler: httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: r.Host})}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	go func() { _ = front.Serve(listener) }()
	if r.order.Repository, err = name.NewRepository(address + "/some/image"); err != nil {
		t.Fatal(err)
	}
	f, end := r.start(t)
	defer end()
	for f.Progress().Done < 5*mega {
		time.Sleep(time.Millisecond)
	}
	front.Close()
	for f.Progress().Trouble == nil {
		time.Sleep(time.Millisecond)
	}
	if listener, err = net.Listen("tcp4", address); err != nil {
		t.Fatal(err)
	}
	again := &http.Server{Handler: front.Handler}
	go func() { _ = again.Serve(listener) }()
	defer again.Close()
	r.wait(t, f)
}

// TestConnectionsAreSeparate: HTTP/2 would send all parts through one.
func TestConnectionsAreSeparate(t *testing.T) {
	t.Parallel()
	var protocol atomic.Value
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		protocol.Store(r.Proto)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	transport := separateConnections(time.Second).(*http.Transport)
	transport.TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig
	transport.TLSClientConfig.NextProtos = nil
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if protocol.Load() != "HTTP/1.1" {
		t.Errorf("it speaks %v", protocol.Load())
	}
}
