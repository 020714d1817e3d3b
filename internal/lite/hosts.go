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

// Who may ask, and from where. A web page can have a browser send requests to
// any address, and can give a name of its own to any address (DNS rebinding);
// then the page and this server are one origin to the browser. So:
//
//  1. The Host that was asked for has to be an IP address, a name of this
//     machine (localhost, what Docker and Podman call it in containers), or one
//     of Config.Hosts. No page can give a name to an address that is asked for
//     by number, so every address is let through: the published one, a pod's
//     that a kubelet probes, a node's. The port tells nothing, for Docker
//     publishes on another. What names no host at all, such as HTTP/1.0, is no
//     browser.
//  2. What changes something (all but GET, HEAD, OPTIONS) has to come from a
//     page of this server, of one of Config.CORSOrigins, or from no page.
//  3. Other pages may read answers to GET unless Config.CORSOrigins says less,
//     and never with credentials (cors.go).
//
// The launcher lists a server's names in its networks (plan.Container.EnvUnder).

// hostPattern is what may stand in a Host header: a name or an address and a
// port. People paste it, out of the documentation, into a shell.
var hostPattern = regexp.MustCompile(`^[A-Za-z0-9._-]+(:[0-9]+)?$|^\[[0-9A-Fa-f:.]+\](:[0-9]+)?$`)

// localNames are what this machine is called on itself and in its containers.
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

// answersTo is rule 1.
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

// hostName is a Host's name without its port, as names are compared.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.TrimSuffix(strings.ToLower(strings.TrimSpace(host)), ".")
}

// unknownHost says what helps, where the name can be pasted into a shell.
func unknownHost(host string) string {
	if !hostPattern.MatchString(host) {
		return "Unknown host"
	}
	name := hostName(host)
	return fmt.Sprintf("Unknown host %s: allow it with facecraft up --lite --env FACECRAFT_ALLOWED_HOSTS=%s", name, name)
}

// withOrigins is rule 2.
func (e *Engine) withOrigins(next http.Handler) (http.Handler, error) {
	if slices.Contains(e.cfg.CORSOrigins, anyOrigin) {
		return next, nil
	}
	protection := http.NewCrossOriginProtection()
	for _, origin := range e.cfg.CORSOrigins {
		if err := protection.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("origin that may use the API: %w", err)
		}
	}
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answerDetail(w, http.StatusForbidden, "Disallowed origin: this page may not use the API")
	}))
	return protection.Handler(next), nil
}
