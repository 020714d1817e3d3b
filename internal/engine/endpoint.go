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

// Endpoint is where the daemon is expected, and who said so.
type Endpoint struct {
	Host string // as unix:///var/run/docker.sock
	// Source names the setting that decided, for messages.
	Source     string
	tls        *tlsconfig.Options // nil without TLS
	apiVersion string             // DOCKER_API_VERSION, empty to negotiate
	// Note says what was left aside on the way to the endpoint, or nothing.
	Note string
}

// defaultSource marks an endpoint that no setting decided.
const defaultSource = "the default socket"

// dockerEndpoint is the name under which a context stores its Docker endpoint.
const dockerEndpoint = "docker"

// Resolve finds the endpoint as the Docker CLI does: DOCKER_HOST, then
// DOCKER_CONTEXT, then the current context of the configuration file, then
// the platform's default socket. (github.com/docker/cli, resolveContextName.)
// The client library itself knows nothing of contexts, and users of Docker
// Desktop, Colima and rootless Docker have nothing else.
func Resolve(getenv func(string) string) (Endpoint, error) {
	if host := getenv("DOCKER_HOST"); host != "" {
		return Endpoint{Host: host, Source: "DOCKER_HOST", tls: tlsFromEnv(getenv), apiVersion: getenv("DOCKER_API_VERSION")}, nil
	}
	dir := configDir(getenv)
	name, source, note := getenv("DOCKER_CONTEXT"), "DOCKER_CONTEXT", ""
	if name == "" {
		name, note = currentContext(dir)
		source = filepath.Join(dir, config.ConfigFileName)
	}
	if name == "" || name == "default" {
		return Endpoint{Host: client.DefaultDockerHost, Source: defaultSource, apiVersion: getenv("DOCKER_API_VERSION"), Note: note}, nil
	}
	return fromContext(dir, name, source)
}

// currentContext is the one that the configuration file names. A file that
// cannot be read names none, and note says so: the docker command goes on too.
func currentContext(dir string) (name, note string) {
	file, err := config.Load(dir)
	if err != nil {
		return "", fmt.Sprintf("Docker's configuration file cannot be read, going on without: %v", err)
	}
	return file.CurrentContext, ""
}

func fromContext(dir, name, source string) (Endpoint, error) {
	newMeta := func() any { return &dockercontext.EndpointMetaBase{} }
	contexts := store.New(filepath.Join(dir, "contexts"),
		store.NewConfig(func() any { return &map[string]any{} }, store.EndpointTypeGetter(dockerEndpoint, newMeta)))
	wrong := func(cause error) error {
		return fault.Wrap(fault.Unrunnable, cause, "choose another with docker context use NAME (docker context ls lists them)",
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

// configDir is the Docker CLI's own folder.
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

// httpClient is one that speaks TLS as the endpoint wants it.
func (e Endpoint) httpClient() (*http.Client, error) {
	tls, err := tlsconfig.Client(*e.tls)
	if err != nil {
		return nil, err
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: tls}, CheckRedirect: client.CheckRedirect}, nil
}
