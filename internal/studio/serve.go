package studio

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/studio/guard"
)

const (
	headerTimeout   = 10 * time.Second
	idleTimeout     = 2 * time.Minute
	shutdownTimeout = time.Second // for responses in flight
)

// listen opens a port on the loopback address; 0 means any.
func listen(port int) (net.Listener, error) {
	listener, err := net.Listen("tcp4", net.JoinHostPort(plan.Loopback, strconv.Itoa(port)))
	if err != nil {
		return nil, fault.Wrap(fault.Failed, err, "leave --page-port out", "port %d is not available", port)
	}
	return listener, nil
}

// serve handles requests until ctx ends. It announces the address to open once the
// page can be served.
func (s *Studio) serve(ctx context.Context, listener net.Listener) error {
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	s.address = "http://" + net.JoinHostPort(plan.Loopback, port)
	s.guard = guard.New(net.JoinHostPort(plan.Loopback, port), net.JoinHostPort("localhost", port))
	if err := s.invite(); err != nil {
		return err
	}
	ended := make(chan struct{})
	server := &http.Server{Handler: s.guard.Protect(s.routes(ended)), ReadHeaderTimeout: headerTimeout,
		IdleTimeout: idleTimeout}
	go func() {
		<-ctx.Done()
		s.events.Send("gone", struct{}{})
		close(ended)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			server.Close()
		}
	}()
	if s.config.Ready != nil {
		go s.config.Ready(s.open())
	}
	if err := server.Serve(listener); ctx.Err() == nil {
		return err
	}
	return nil
}

// open returns an address that can open the page once.
func (s *Studio) open() string { return s.address + "/#" + s.guard.Tokens.New() }
