package launch

import (
	"context"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/djok/facecraft/internal/batch"
)

// addressTimeout limits how long to check whether a server answers at its address.
const addressTimeout = 5 * time.Second

// resolver finds a name's addresses.
type resolver func(ctx context.Context, network, host string) ([]net.IP, error)

// eachAddress returns the addresses of the servers that a name stands for, such
// as that of a headless Service. It returns the name itself if it stands for one,
// or if servers do not answer without it: behind an ingress, or with TLS.
func eachAddress(ctx context.Context, resolve resolver, address, token string) []string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" || net.ParseIP(u.Hostname()) != nil || u.Hostname() == "localhost" {
		return []string{address}
	}
	found, err := resolve(ctx, "ip4", u.Hostname())
	if err != nil || len(found) < 2 {
		return []string{address}
	}
	var all []string
	for _, ip := range found {
		at := *u
		if at.Host = ip.String(); u.Port() != "" {
			at.Host = net.JoinHostPort(ip.String(), u.Port())
		}
		server := &batch.Server{URL: strings.TrimSuffix(at.String(), "/"), Token: token}
		if askEndpoint(ctx, silence{}, server, addressTimeout) == nil {
			all = append(all, at.String())
		}
	}
	if len(all) == 0 {
		return []string{address}
	}
	slices.Sort(all)
	return all
}
