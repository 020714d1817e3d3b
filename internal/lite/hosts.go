package lite

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// Access control. A web page can make a browser send requests to any address, and
// can point its own domain name at any address (DNS rebinding), so that the browser
// considers the page and this server to be the same origin. Therefore:
//
//  1. The requested Host must be an IP address, a name of this machine (localhost,
//     or what Docker and Podman call it in containers), or one of Config.Hosts. All
//     IP addresses are allowed, such as those of pods and nodes, because rebinding
//     requires a name. The port is ignored: Docker may publish a different one.
//     Requests without a Host, as in HTTP/1.0, do not come from browsers.
//  2. Requests that change something (all but GET, HEAD and OPTIONS) must come from
//     a page of this server or of Config.CORSOrigins, or not from a page at all.
//  3. Other pages may read responses to GET, unless Config.CORSOrigins limits that,
//     but never with credentials (cors.go).
//
// The launcher passes the server's names in its networks (plan.Container.EnvUnder).

// hostPattern matches a valid Host header: a name or an address, and a port. It is
// strict because users copy it from the documentation into a shell.
var hostPattern = regexp.MustCompile(`^[A-Za-z0-9._-]+(:[0-9]+)?$|^\[[0-9A-Fa-f:.]+\](:[0-9]+)?$`)

// localNames are the names of this machine for itself and in containers.
var localNames = []string{"localhost", "host.docker.internal", "host.containers.internal"}

func (e *Engine) withHosts(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !e.answersTo(r.Host) {
			answerDetail(w, http.StatusMisdirectedRequest, unknownHost(r.Host))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// answersTo implements rule 1.
func (e *Engine) answersTo(host string) bool {
	if !hostPattern.MatchString(host) {
		return host == ""
	}
	name := hostName(host)
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	return slices.Contains(localNames, name) || strings.HasSuffix(name, ".localhost") ||
		slices.ContainsFunc(e.cfg.Hosts, func(known string) bool { return hostName(known) == name })
}

// hostName returns the name in a Host header, normalised for comparison.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.TrimSuffix(strings.ToLower(strings.TrimSpace(host)), ".")
}

// unknownHost explains how to allow the name, if it is safe to paste into a shell.
func unknownHost(host string) string {
	if !hostPattern.MatchString(host) {
		return "Unknown host"
	}
	name := hostName(host)
	return fmt.Sprintf("Unknown host %s: allow it with facecraft up --lite --env FACECRAFT_ALLOWED_HOSTS=%s", name, name)
}

// withOrigins implements rule 2.
func (e *Engine) withOrigins(next http.Handler) (http.Handler, error) {
	if slices.Contains(e.cfg.CORSOrigins, anyOrigin) {
		return next, nil
	}
	protection := http.NewCrossOriginProtection()
	for _, origin := range e.cfg.CORSOrigins {
		if err := protection.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("invalid CORS origin: %w", err)
		}
	}
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answerDetail(w, http.StatusForbidden, "Disallowed origin: this page may not use the API")
	}))
	return protection.Handler(next), nil
}
