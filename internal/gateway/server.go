package gateway

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/djok/facecraft/internal/api"
)

// server is one of the servers behind the gateway.
type server struct {
	base   *url.URL
	name   string // its host, in headers, logs and metrics
	tag    string // names it in job IDs
	client *api.Client

	ready   atomic.Bool
	turn    chan struct{} // holds a token while it works on a photo
	busy    atomic.Int64  // how many photos it has, including one that is being sent
	touched atomic.Int64  // how many photos it was given

	deletions chan string // its IDs of jobs to delete
}

// maxDeletions is how many jobs may wait to be deleted; more than that wait for the
// next round.
const maxDeletions = 1024

func newServers(addresses []string) (servers []*server, err error) {
	tags := map[string]string{}
	for _, address := range addresses {
		base, err := url.Parse(strings.TrimSuffix(address, "/"))
		if err != nil || base.Scheme != "http" || base.Host == "" || base.Path != "" || base.RawQuery != "" {
			return nil, fmt.Errorf("invalid server %q: give it as http://NAME:PORT", address)
		}
		sum := sha256.Sum256([]byte(base.Host))
		s := &server{
			base:      base,
			name:      base.Host,
			tag:       hex.EncodeToString(sum[:3]),
			client:    api.New(base.String()),
			turn:      make(chan struct{}, 1),
			deletions: make(chan string, maxDeletions),
		}
		if earlier, taken := tags[s.tag]; taken {
			return nil, fmt.Errorf("servers %s and %s are the same, or need different names", earlier, base.Host)
		}
		tags[s.tag] = base.Host
		servers = append(servers, s)
	}
	return servers, nil
}

// working is how many photos the server is processing.
func (s *server) working() int64 { return int64(len(s.turn)) }

func (s *server) readyNumber() int64 {
	if s.ready.Load() {
		return 1
	}
	return 0
}

// anyReady reports whether at least one server is ready.
func (g *Gateway) anyReady() bool {
	for _, s := range g.servers {
		if s.ready.Load() {
			return true
		}
	}
	return false
}

// idlest returns a ready server, without a photo if possible, or nil: servers do not
// respond to anything else while they process one.
func (g *Gateway) idlest() (best *server) {
	for _, s := range g.servers {
		if s.ready.Load() && (best == nil || s.busy.Load() < best.busy.Load()) {
			best = s
		}
	}
	return best
}

// discard deletes a job in the background: a busy server does not respond. It returns
// false if too many deletions are already waiting.
func (s *server) discard(job string) bool {
	select {
	case s.deletions <- job:
		return true
	default:
		return false
	}
}
