package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/docker/docker/client"
)

// Rootless asks Podman whether it runs rootless. From 4.6 on its security
// options say so, as Docker's do; before that, only a separate field does,
// which the client library does not know. (github.com/containers/podman, pull
// request 18208)
func (e *Engine) Rootless(ctx context.Context) (bool, error) {
	address := "http://" + client.DummyHost // for a socket
	if host, ok := strings.CutPrefix(e.DaemonHost(), "tcp://"); ok {
		address = "http://" + host
		if e.Endpoint.tls != nil {
			address = "https://" + host
		}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/v"+e.ClientVersion()+"/info", nil)
	if err != nil {
		return false, err
	}
	response, err := e.HTTPClient().Do(request)
	if err != nil {
		return false, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return false, fmt.Errorf("/info answered HTTP %d", response.StatusCode)
	}
	var info struct{ Rootless bool }
	err = json.NewDecoder(response.Body).Decode(&info)
	return info.Rootless, err
}
