package gateway

import (
	"regexp"
	"strings"
)

// A job ID of the gateway is a server's tag, a hyphen and the server's own ID. The tag
// derives from the server's address, so that IDs stay valid when the gateway is
// restarted, and when servers are added.

// rawID matches a server's job ID. Anything else might not be a single path segment.
var rawID = regexp.MustCompile(`^[0-9A-Za-z-]{1,57}$`)

// jobID returns the gateway's ID for a server's, or "" if that is not valid.
func (s *server) jobID(raw string) string {
	if !rawID.MatchString(raw) {
		return ""
	}
	return s.tag + "-" + raw
}

// locate returns the server that has a job, and the server's ID for it.
func (g *Gateway) locate(id string) (s *server, raw string, ok bool) {
	tag, raw, _ := strings.Cut(id, "-")
	if !rawID.MatchString(raw) {
		return nil, "", false
	}
	for _, s := range g.servers {
		if s.tag == tag {
			return s, raw, true
		}
	}
	return nil, "", false
}
