// Package loopback serves one image to the daemon on the same machine. It speaks
// the read side of the registry protocol, on 127.0.0.1 only, under a random path
// that nobody else knows. Blobs are served while they are still being downloaded.
package loopback

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"path"
	"strings"
	"sync/atomic"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Image is the image to serve. Its manifests are served byte for byte, so that the
// daemon's image has the registry's digest.
type Image struct {
	Name      string // such as djok/facecraft
	Manifests []Manifest
	// Blobs opens a blob. Reading it waits for data that has not arrived. The
	// context ends with the request.
	Blobs func(ctx context.Context, digest v1.Hash) (io.ReadSeeker, error)
}

// Manifest is a manifest or an index. An Image's tag refers to its first one.
type Manifest struct {
	Digest    v1.Hash
	MediaType string
	Content   []byte
}

// tag is the tag that the image has here.
const tag = "pull"

// Server serves an image until it is closed.
type Server struct {
	image Image
	host  string // 127.0.0.1:PORT
	name  string // including the secret
	asked atomic.Bool
	http  *http.Server
}

// Serve starts serving an image.
func Serve(image Image) (*Server, error) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("serve the image to the daemon: %w", err)
	}
	secret := make([]byte, 16)
	_, _ = rand.Read(secret) // it never fails
	s := &Server{image: image, host: listener.Addr().String(), name: path.Join(hex.EncodeToString(secret), image.Name)}
	s.http = &http.Server{
		Handler:           http.HandlerFunc(s.serve),
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	go func() { _ = s.http.Serve(listener) }() // until Close
	return s, nil
}

// Reference returns what the daemon has to pull. Daemons accept registries in
// 127.0.0.0/8 without TLS. (https://docs.docker.com/reference/cli/dockerd/#insecure-registries)
func (s *Server) Reference() string { return s.host + "/" + s.name + ":" + tag }

// Asked reports whether a client that knows the path has requested the image. That
// proves that the daemon can reach this machine's loopback interface.
func (s *Server) Asked() bool { return s.asked.Load() }

// Close stops the server, and aborts responses in progress.
func (s *Server) Close() error { return s.http.Close() }

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Docker-Distribution-API-Version", "registry/2.0")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		refuse(w, http.StatusMethodNotAllowed, "UNSUPPORTED")
		return
	}
	if r.URL.Path == "/v2/" {
		return
	}
	rest, ok := strings.CutPrefix(r.URL.Path, "/v2/"+s.name+"/")
	if !ok {
		refuse(w, http.StatusNotFound, "NAME_UNKNOWN")
		return
	}
	s.asked.Store(true)
	kind, what, _ := strings.Cut(rest, "/")
	switch kind {
	case "manifests":
		s.manifest(w, r, what)
	case "blobs":
		s.blob(w, r, what)
	default:
		refuse(w, http.StatusNotFound, "UNSUPPORTED")
	}
}

func (s *Server) manifest(w http.ResponseWriter, r *http.Request, reference string) {
	for i, m := range s.image.Manifests {
		if reference == m.Digest.String() || reference == tag && i == 0 {
			send(w, r, m.Digest, m.MediaType, bytes.NewReader(m.Content))
			return
		}
	}
	refuse(w, http.StatusNotFound, "MANIFEST_UNKNOWN")
}

func (s *Server) blob(w http.ResponseWriter, r *http.Request, reference string) {
	digest, err := v1.NewHash(reference)
	if err != nil {
		refuse(w, http.StatusBadRequest, "DIGEST_INVALID")
		return
	}
	content, err := s.image.Blobs(r.Context(), digest)
	if err != nil {
		refuse(w, http.StatusNotFound, "BLOB_UNKNOWN")
		return
	}
	send(w, r, digest, "application/octet-stream", content)
}

// send handles HEAD and range requests, too. If the content ends too soon, the
// connection is cut, so that the daemon does not take it for complete.
func send(w http.ResponseWriter, r *http.Request, digest v1.Hash, mediaType string, content io.ReadSeeker) {
	w.Header().Set("Docker-Content-Digest", digest.String())
	w.Header().Set("Content-Type", mediaType)
	http.ServeContent(w, r, "", time.Time{}, content)
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"errors":[{"code":%q,"message":"it is not here"}]}`, code)
}
