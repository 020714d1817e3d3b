package engine

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/docker/cli/cli/config"
	dockercontext "github.com/docker/cli/cli/context"
	"github.com/docker/cli/cli/context/store"
	"github.com/docker/docker/client"
	"github.com/docker/go-connections/tlsconfig"

	"github.com/djok/facecraft/internal/fault"
)

// Endpoint is where to reach the daemon, and which setting said so.
type Endpoint struct {
	Host string // such as unix:///var/run/docker.sock
	// Source names the setting that chose it, for messages.
	Source     string
	tls        *tlsconfig.Options // nil without TLS
	apiVersion string             // DOCKER_API_VERSION, empty to negotiate
	// Note says what was ignored while resolving the endpoint, or is empty.
	Note string
}

// defaultSource marks an endpoint that no setting chose.
const defaultSource = "the default socket"

// dockerEndpoint is the key under which a context stores its Docker endpoint.
const dockerEndpoint = "docker"

// Resolve finds the endpoint as the Docker CLI does: DOCKER_HOST, then
// DOCKER_CONTEXT, then the current context of the configuration file, then the
// platform's default socket. (github.com/docker/cli, resolveContextName.) The
// client library does not know contexts, but Docker Desktop, Colima and
// rootless Docker rely on them.
func Resolve(getenv func(string) string) (Endpoint, error) {
	if host := getenv("DOCKER_HOST"); host != "" {
		return Endpoint{Host: host, Source: "DOCKER_HOST", tls: tlsFromEnv(getenv), apiVersion: getenv("DOCKER_API_VERSION")},
			nil
	}
	dir := configDir(getenv)
	name, source, note := getenv("DOCKER_CONTEXT"), "DOCKER_CONTEXT", ""
	if name == "" {
		name, note = currentContext(dir)
		source = filepath.Join(dir, config.ConfigFileName)
	}
	if name == "" || name == "default" {
		return Endpoint{Host: client.DefaultDockerHost, Source: defaultSource, apiVersion: getenv("DOCKER_API_VERSION"),
			Note: note}, nil
	}
	return fromContext(dir, name, source)
}

// currentContext returns the context set in the configuration file. If the file
// cannot be read, note says so and there is none: the docker command does the
// same.
func currentContext(dir string) (name, note string) {
	file, err := config.Load(dir)
	if err != nil {
		return "", fmt.Sprintf("Docker's configuration file cannot be read, continuing without it: %v", err)
	}
	return file.CurrentContext, ""
}

func fromContext(dir, name, source string) (Endpoint, error) {
	newMeta := func() any { return &dockercontext.EndpointMetaBase{} }
	contexts := store.New(filepath.Join(dir, "contexts"),
		store.NewConfig(func() any { return &map[string]any{} }, store.EndpointTypeGetter(dockerEndpoint, newMeta)))
	wrong := func(cause error) error {
		return fault.Wrap(fault.Unrunnable, cause,
			"choose another with docker context use NAME (docker context ls lists them)",
			"the Docker context %q, set in %s, cannot be used", name, source)
	}
	metadata, err := contexts.GetMetadata(name)
	if err != nil {
		return Endpoint{}, wrong(err)
	}
	meta, ok := metadata.Endpoints[dockerEndpoint].(dockercontext.EndpointMetaBase)
	if !ok || meta.Host == "" {
		return Endpoint{}, wrong(errors.New("it names no Docker endpoint"))
	}
	return Endpoint{
		Host:   meta.Host,
		Source: "the Docker context " + name,
		tls:    tlsFromDir(filepath.Join(contexts.GetStorageInfo(name).TLSPath, dockerEndpoint), meta.SkipTLSVerify),
	}, nil
}

// configDir is the Docker CLI's configuration directory.
func configDir(getenv func(string) string) string {
	if dir := getenv("DOCKER_CONFIG"); dir != "" {
		return dir
	}
	return filepath.Join(getenv(homeVariable), ".docker")
}

// tlsFromEnv reads DOCKER_CERT_PATH and DOCKER_TLS_VERIFY as
// client.WithTLSClientConfigFromEnv does.
func tlsFromEnv(getenv func(string) string) *tlsconfig.Options {
	dir := getenv("DOCKER_CERT_PATH")
	if dir == "" {
		return nil
	}
	return tlsFromDir(dir, getenv("DOCKER_TLS_VERIFY") == "")
}

func tlsFromDir(dir string, skipVerify bool) *tlsconfig.Options {
	options := &tlsconfig.Options{InsecureSkipVerify: skipVerify, ExclusiveRootPools: true}
	found := skipVerify
	for file, target := range map[string]*string{
		"ca.pem": &options.CAFile, "cert.pem": &options.CertFile, "key.pem": &options.KeyFile,
	} {
		path := filepath.Join(dir, file)
		if _, err := os.Stat(path); err == nil {
			*target, found = path, true
		}
	}
	if !found {
		return nil
	}
	return options
}

// httpClient returns a client with the endpoint's TLS settings.
func (e Endpoint) httpClient() (*http.Client, error) {
	tls, err := tlsconfig.Client(*e.tls)
	if err != nil {
		return nil, err
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: tls}, CheckRedirect: client.CheckRedirect}, nil
}
