package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"time"
)

const (
	readHeaderTimeout = 10 * time.Second
	keepAliveTimeout  = 2 * time.Minute
	maxHeaderBytes    = 16 << 10
	// shutdownTimeout lets photos in work finish; docker stop kills after ten seconds.
	shutdownTimeout = 8 * time.Second
)

// TLS is the certificate for HTTPS. The files are read again when they change.
type TLS struct{ CertFile, KeyFile string }

// Serve answers requests on ln until ctx ends. It then gives requests in flight a few
// seconds and returns nil. It closes ln. The process has nothing else to do: its memory
// is managed for this. A nil certificate means plain HTTP.
func Serve(ctx context.Context, ln net.Listener, cfg Config, certificate *TLS) error {
	defer ln.Close() // Serve of net/http closes it too
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	g, err := New(watching, cfg)
	if err != nil {
		return err
	}
	debug.SetGCPercent(gcPercent)
	go g.returnMemory(watching)
	server := g.server()
	if certificate != nil {
		files, err := openPair(*certificate)
		if err != nil {
			return err
		}
		server.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: files.get}
		ln = tls.NewListener(ln, server.TLSConfig)
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(ln) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(watching, shutdownTimeout)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return errors.Join(fmt.Errorf("interrupted requests that were still running: %w", err), server.Close())
	}
	stop()
	g.Wait()
	return nil
}

// server bounds what clients may send before a handler sees it. HTTP/2 would add
// ways to keep it busy, and photos gain nothing from it.
func (g *Gateway) server() *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Server{
		Handler:           g,
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       keepAliveTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		Protocols:         protocols,
		ErrorLog:          slog.NewLogLogger(g.log.Handler(), slog.LevelWarn),
	}
}

// pair is a certificate whose files may be replaced while it is used.
type pair struct {
	files TLS

	mu         sync.Mutex
	now        *tls.Certificate
	cert, key  os.FileInfo
	lastLooked time.Time
}

func openPair(files TLS) (*pair, error) {
	p := &pair{files: files}
	return p, p.read()
}

// get returns the certificate. While the files do not fit together, because one of
// them is still being replaced, it is the last one.
func (p *pair) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Since(p.lastLooked) >= keyCheckInterval {
		p.lastLooked = time.Now()
		cert, err := os.Stat(p.files.CertFile)
		key, keyErr := os.Stat(p.files.KeyFile)
		if err == nil && keyErr == nil && !(sameFile(cert, p.cert) && sameFile(key, p.key)) {
			_ = p.read() // the next look comes soon
		}
	}
	return p.now, nil
}

func (p *pair) read() error {
	cert, err := os.Stat(p.files.CertFile)
	if err != nil {
		return err
	}
	key, err := os.Stat(p.files.KeyFile)
	if err != nil {
		return err
	}
	now, err := tls.LoadX509KeyPair(p.files.CertFile, p.files.KeyFile)
	if err != nil {
		return fmt.Errorf("certificate %s: %w", p.files.CertFile, err)
	}
	p.now, p.cert, p.key = &now, cert, key
	return nil
}
