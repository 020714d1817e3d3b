package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"time"
)

const (
	readHeaderTimeout = 10 * time.Second
	keepAliveTimeout  = 2 * time.Minute
	maxHeaderBytes    = 16 << 10
	// shutdownTimeout lets current photos finish; docker stop kills after ten seconds.
	shutdownTimeout = 8 * time.Second
)

// Serve handles requests on ln until ctx ends. It then gives requests in flight a few
// seconds and returns nil. It closes ln. It tunes the memory of the whole process,
// which must do nothing else. A nil certificate means plain HTTP.
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

// server limits what clients may send before a handler sees it. HTTP/2 would add
// ways to keep it busy, and would not help photos.
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
