package dockertest

import (
	"net"
	"sync/atomic"
	"time"
)

// line is a listener whose connections each send at most limit bytes per
// second, like many registries and proxies; 0 means no limit.
type line struct {
	net.Listener
	limit *atomic.Int64
}

func (l line) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return &limitedConn{Conn: conn, limit: l.limit}, err
}

type limitedConn struct {
	net.Conn
	limit *atomic.Int64
	free  time.Time // when the next byte may be sent
}

// piecesPerSecond is how evenly a limited connection sends.
const piecesPerSecond = 50

func (c *limitedConn) Write(p []byte) (written int, err error) {
	for len(p) > 0 && err == nil {
		limit := c.limit.Load()
		piece := p
		if limit > 0 {
			piece = p[:min(len(p), int(limit)/piecesPerSecond)]
			now := time.Now()
			time.Sleep(c.free.Sub(now))
			c.free = maxTime(c.free, now).Add(time.Duration(len(piece)) * time.Second / time.Duration(limit))
		}
		var n int
		n, err = c.Conn.Write(piece)
		written, p = written+n, p[n:]
	}
	return written, err
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
