package api

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// readyMetric is a gateway's number about the server at an address: 1 or 0.
const readyMetric = `facecraft_server_ready{server="`

// ServersReady asks a gateway which of its servers are ready, by their names.
func (c *Client) ServersReady(ctx context.Context) (map[string]bool, error) {
	ctx, cancel := context.WithTimeout(ctx, shortTimeout)
	defer cancel()
	response, err := c.do(ctx, http.MethodGet, "/metrics")
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if err := c.denied(response.StatusCode); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, &brokenOff{err}
	}
	if response.StatusCode != http.StatusOK {
		return nil, &UnexpectedResponse{What: "returned HTTP " + strconv.Itoa(response.StatusCode) + " for its metrics"}
	}
	return readyServers(string(text)), nil
}

func readyServers(metrics string) map[string]bool {
	ready := map[string]bool{}
	for line := range strings.Lines(metrics) {
		if rest, ok := strings.CutPrefix(line, readyMetric); ok {
			address, value, _ := strings.Cut(rest, `"} `)
			name, _, _ := strings.Cut(address, ":")
			ready[name] = strings.TrimSpace(value) == "1"
		}
	}
	return ready
}
