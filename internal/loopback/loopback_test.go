package loopback_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/loopback"
)

// served is an image on a server, with all its blobs.
func served(t *testing.T, img v1.Image) *loopback.Server {
	t.Helper()
	manifest, err := img.RawManifest()
	if err != nil {
		t.Fatal(err)
	}
	digest, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	mediaType, err := img.MediaType()
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, loopback.Image{
		Name:      "djok/facecraft",
		Manifests: []loopback.Manifest{{Digest: digest, MediaType: string(mediaType), Content: manifest}},
		Blobs: func(_ context.Context, digest v1.Hash) (io.ReadSeeker, error) {
			content, err := blobOf(img, digest)
			return bytes.NewReader(content), err
		},
	})
}

func serve(t *testing.T, image loopback.Image) *loopback.Server {
	t.Helper()
	server, err := loopback.Serve(image)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return server
}

// blobOf returns the config or a layer.
func blobOf(img v1.Image, digest v1.Hash) ([]byte, error) {
	if config, err := img.ConfigName(); err == nil && config == digest {
		return img.RawConfigFile()
	}
	layer, err := img.LayerByDigest(digest)
	if err != nil {
		return nil, err
	}
	content, err := layer.Compressed()
	if err != nil {
		return nil, err
	}
	defer content.Close()
	return io.ReadAll(content)
}

// TestTheImageIsTheSame for a registry client that verifies all digests.
func TestTheImageIsTheSame(t *testing.T) {
	t.Parallel()
	img := dockertest.ImageOf(t, dockertest.Layer(t, 100_000), dockertest.Layer(t, 10))
	reference, err := name.ParseReference(served(t, img).Reference())
	if err != nil {
		t.Fatal(err)
	}
	got, err := remote.Image(reference)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Image(got); err != nil {
		t.Error(err)
	}
	want, _ := img.RawManifest()
	if manifest, err := got.RawManifest(); err != nil || !bytes.Equal(manifest, want) {
		t.Errorf("the manifest is %s, %v; want %s", manifest, err, want)
	}
	if _, err := remote.Head(reference); err != nil {
		t.Error(err)
	}
}

// answer is the status, the body and a header of a response.
func answer(t *testing.T, method, url, span string) (int, []byte, http.Header) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if span != "" {
		request.Header.Set("Range", span)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, body, response.Header
}

func TestRangesAndHead(t *testing.T) {
	t.Parallel()
	layer := dockertest.Layer(t, 1000)
	img := dockertest.ImageOf(t, layer)
	url, _ := urls(served(t, img).Reference())
	digest, _ := layer.Digest()
	content, err := blobOf(img, digest)
	if err != nil {
		t.Fatal(err)
	}
	blob := url + "/blobs/" + digest.String()
	if status, body, _ := answer(t, "GET", blob, "bytes=700-"); status != 206 || !bytes.Equal(body, content[700:]) {
		t.Errorf("from 700 on: %d, %d bytes", status, len(body))
	}
	if status, body, _ := answer(t, "GET", blob, "bytes=10-19"); status != 206 || !bytes.Equal(body, content[10:20]) {
		t.Errorf("from 10 to 19: %d, %d bytes", status, len(body))
	}
	if status, body, header := answer(t, "HEAD", blob, ""); status != 200 || len(body) > 0 ||
		header.Get("Docker-Content-Digest") != digest.String() {
		t.Errorf("HEAD: %d, %v", status, header)
	}
}

// urls returns the URLs of the image and of the server.
func urls(reference string) (image, server string) {
	host, rest, _ := strings.Cut(reference, "/")
	repository, _, _ := strings.Cut(rest, ":")
	return "http://" + host + "/v2/" + repository, "http://" + host
}

// TestStrangers do not know the path, and nobody may write.
func TestStrangers(t *testing.T) {
	t.Parallel()
	server := served(t, dockertest.ImageOf(t, dockertest.Layer(t, 10)))
	image, host := urls(server.Reference())
	for path, want := range map[string]int{
		"/v2/":                              200,
		"/":                                 404,
		"/v2/_catalog":                      404,
		"/v2/djok/facecraft/manifests/pull": 404,
		"/v2/0123456789abcdef0123456789abcdef/djok/facecraft/manifests/pull": 404,
	} {
		if status, _, _ := answer(t, "GET", host+path, ""); status != want {
			t.Errorf("%s: %d, want %d", path, status, want)
		}
	}
	if server.Asked() {
		t.Error("a stranger counts as the daemon")
	}
	for _, method := range []string{"PUT", "POST", "DELETE", "PATCH"} {
		if status, _, _ := answer(t, method, image+"/manifests/pull", ""); status != 405 {
			t.Errorf("%s: %d", method, status)
		}
	}
	for _, path := range []string{"/manifests/latest", "/blobs/sha256:nonsense",
		"/blobs/sha256:" + strings.Repeat("0", 64), "/tags/list"} {
		if status, _, _ := answer(t, "GET", image+path, ""); status/100 != 4 {
			t.Errorf("%s: %d", path, status)
		}
	}
	if !server.Asked() {
		t.Error("the daemon is not noticed")
	}
	if _, other := urls(served(t, dockertest.ImageOf(t, dockertest.Layer(t, 10))).Reference()); other == host {
		t.Error("two servers share a port")
	}
}

// failing is a blob that cannot be read to its end.
type failing struct{ *bytes.Reader }

func (f failing) Read(p []byte) (int, error) {
	if f.Len() < 500 {
		return 0, errors.New("the digest is wrong")
	}
	return f.Reader.Read(p[:min(len(p), 500)])
}

// TestAFailureIsNotAnEnd: the daemon must not take what it received for complete.
func TestAFailureIsNotAnEnd(t *testing.T) {
	t.Parallel()
	server := serve(t, loopback.Image{Name: "x", Blobs: func(context.Context, v1.Hash) (io.ReadSeeker, error) {
		return failing{bytes.NewReader(make([]byte, 1200))}, nil
	}})
	url, _ := urls(server.Reference())
	response, err := http.Get(url + "/blobs/sha256:" + strings.Repeat("0", 64))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err == nil {
		t.Errorf("%d bytes of 1200 end well", len(body))
	}
}
