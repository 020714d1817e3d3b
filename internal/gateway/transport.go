package gateway

import (
	"context"
	"net"
	"net/http"
	"time"
)

const (
	// idleTimeout is shorter than uvicorn's (--timeout-keep-alive, 5 s), which would
	// otherwise close connections just as they are reused.
	idleTimeout     = 4 * time.Second
	idleConnections = 4
	dialTimeout     = 3 * time.Second
	maxAnswerHeader = 64 << 10 // bytes
	bufferBytes     = 16 << 10 // of each connection, in both directions
)

// dial has the kernel check the connection while a server is silent because it is
// busy.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	alive := net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: 2 * time.Second, Count: 3}
	return (&net.Dialer{Timeout: dialTimeout, KeepAliveConfig: alive}).DialContext(ctx, network, address)
}

// newTransport connects to servers. Names are resolved for each connection, and a
// connection to a server that disappeared ends within seconds.
func newTransport() *http.Transport {
	return &http.Transport{
		DialContext:            dial,
		MaxIdleConnsPerHost:    idleConnections,
		IdleConnTimeout:        idleTimeout,
		DisableCompression:     true,
		WriteBufferSize:        bufferBytes,
		ReadBufferSize:         bufferBytes,
		MaxResponseHeaderBytes: maxAnswerHeader,
	}
}

// notForwarded starts with the hop-by-hop headers (RFC 9110, 7.6.1). Those after them
// are for the gateway: its keys, and browsers' headers, which the images would obey.
var notForwarded = []string{
	"Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "Te", "Trailer",
	"Transfer-Encoding", "Upgrade", "Expect",
	"Authorization", "X-Api-Key", "Cookie", "Origin", "Access-Control-Request-Method",
	"Access-Control-Request-Headers", "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
}

// forwarded returns the headers of a request for a server.
func forwarded(header http.Header) http.Header {
	passed := header.Clone()
	for _, name := range notForwarded {
		passed.Del(name)
	}
	if _, ok := passed["User-Agent"]; !ok {
		passed["User-Agent"] = nil // otherwise net/http adds its own
	}
	return passed
}

// notReturned are servers' headers that clients do not get: those about the connection,
// the images' CORS, which allows every page, and those that the gateway sets itself.
var notReturned = []string{
	"Content-Length", "X-Content-Type-Options",
	"Connection", "Keep-Alive", "Proxy-Authenticate", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
	"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Allow-Methods",
	"Access-Control-Allow-Headers", "Access-Control-Expose-Headers", "Access-Control-Max-Age",
}

// serverHeader says which server responded.
const serverHeader = "X-Facecraft-Server"
