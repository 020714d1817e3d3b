package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/google/go-containerregistry/pkg/name"
)

// HubRepository returns the repository of a reference, if it is on Docker Hub.
func HubRepository(reference string) (repository string, ok bool) {
	ref, err := name.ParseReference(reference)
	if err != nil || ref.Context().RegistryStr() != name.DefaultRegistry {
		return "", false
	}
	return ref.Context().RepositoryStr(), true
}

// maxDescription bounds the answer about a repository, in bytes.
const maxDescription = 1 << 20

// Description returns the page that Docker Hub shows of a repository, as
// Markdown. It needs no login.
// (https://docs.docker.com/reference/api/hub/latest/)
func (c Client) Description(ctx context.Context, repository string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, estimateTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet,
		"https://hub.docker.com/v2/repositories/"+repository+"/", nil)
	if err != nil {
		return "", err
	}
	answer, err := (&http.Client{Transport: c.transport()}).Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s", answer.Status)
	}
	var page struct {
		Text string `json:"full_description"`
	}
	err = json.NewDecoder(io.LimitReader(answer.Body, maxDescription)).Decode(&page)
	return page.Text, err
}
