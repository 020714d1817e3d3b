package fetch

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// redirects is how many redirects to follow for a blob.
const redirects = 5

// source is a repository in a registry, and the URLs to which it redirects for
// its blobs.
type source struct {
	repository name.Repository
	auth       authn.Authenticator
	transport  http.RoundTripper

	mu sync.Mutex
	// authorized adds the login, or a token that it renews, to requests to the
	// registry. It is nil until the registry has answered.
	authorized http.RoundTripper
	places     map[string]string // by digest; they may expire
}

func newSource(repository name.Repository, auth authn.Authenticator, inner http.RoundTripper,
	stall time.Duration) *source {
	if inner == nil {
		inner = separateConnections(stall)
	}
	return &source{repository: repository, auth: auth, transport: inner, places: map[string]string{}}
}

// separateConnections returns a transport for parallel requests. With HTTP/2 all
// of them would share one connection and its limits. Compression would change
// the bytes that ranges refer to.
func separateConnections(stall time.Duration) http.RoundTripper {
	t := remote.DefaultTransport.(*http.Transport).Clone()
	t.Protocols = new(http.Protocols)
	t.Protocols.SetHTTP1(true)
	t.ForceAttemptHTTP2 = false
	t.DisableCompression = true
	t.MaxIdleConnsPerHost = MaxConnections
	t.ResponseHeaderTimeout = stall // applies to a token service, too, which no context stops
	return t
}

// open requests the bytes of a blob from first to last, inclusive.
func (s *source) open(ctx context.Context, b Blob, first, last int64) (*http.Response, error) {
	request := http.Header{"Accept-Encoding": {"identity"}}
	if first > 0 || last < b.Size-1 {
		request.Set("Range", fmt.Sprintf("bytes=%d-%d", first, last))
	}
	for place := s.place(b, ""); place != ""; {
		response, err := s.get(ctx, s.transport, place, request)
		if err == nil && response.StatusCode/100 == 2 {
			return response, nil
		}
		if err == nil {
			response.Body.Close()
		}
		place = s.place(b, place) // the URL may have expired, or the host may be down
	}
	return s.resolve(ctx, b, request)
}

// resolve asks the registry, and follows its redirects to the blob. Only the
// registry itself receives the login.
func (s *source) resolve(ctx context.Context, b Blob, header http.Header) (*http.Response, error) {
	authorized, err := s.login(ctx)
	if err != nil {
		return nil, err
	}
	registry := s.repository.Registry
	home := url.URL{Scheme: registry.Scheme(), Host: registry.RegistryStr(),
		Path: "/v2/" + s.repository.RepositoryStr() + "/blobs/" + b.Digest.String()}
	at, through := home.String(), authorized
	for range redirects {
		response, err := s.get(ctx, through, at, header)
		if err != nil {
			return nil, err
		}
		next, err := response.Location()
		if response.StatusCode/100 != 3 || err != nil {
			if at != home.String() && response.StatusCode/100 == 2 {
				s.found(b, at)
			}
			return response, nil
		}
		response.Body.Close()
		at, through = next.String(), s.transport
		if next.Host == home.Host {
			through = authorized
		}
	}
	return nil, fmt.Errorf("the registry sends for %s from place to place", b.Digest)
}

// get does not follow redirects: http.Client would send the login along to other
// ports and subdomains.
func (s *source) get(
	ctx context.Context, through http.RoundTripper, at string, header http.Header,
) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, err
	}
	request.Header = header.Clone()
	return through.RoundTrip(request)
}

// login asks the registry how to authenticate, once.
func (s *source) login(ctx context.Context) (http.RoundTripper, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.authorized != nil {
		return s.authorized, nil
	}
	scopes := []string{s.repository.Scope(transport.PullScope)}
	authorized, err := transport.NewWithContext(ctx, s.repository.Registry, s.auth, s.transport, scopes)
	if err == nil {
		s.authorized = authorized
	}
	return authorized, err
}

// place returns the URL that the registry last redirected to for a blob, unless
// that is the lost one, which no longer works. "" means to ask the registry.
func (s *source) place(b Blob, lost string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.places[b.Digest.Hex] == lost {
		delete(s.places, b.Digest.Hex)
	}
	return s.places[b.Digest.Hex]
}

func (s *source) found(b Blob, place string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.places[b.Digest.Hex] = place
}
