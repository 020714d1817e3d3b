package e2e

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/docker/docker/client"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/djok/facecraft/internal/dockertest"
)

// TestScripts runs the program with files and outputs compared. These scripts
// need no Docker, and find none.
func TestScripts(t *testing.T) {
	t.Parallel()
	binary := dockertest.Binary(t)
	testscript.Run(t, testscript.Params{
		Dir:  filepath.Join("testdata", "script"),
		Cmds: commands,
		Setup: func(env *testscript.Env) error {
			hideDocker(env)
			return furnish(env, binary)
		},
	})
}

// TestProcessScripts sends photos to two built-in engines in this process, at
// $ONE and $TWO. They need no Docker either.
func TestProcessScripts(t *testing.T) {
	t.Parallel()
	binary := dockertest.Binary(t)
	testscript.Run(t, testscript.Params{
		Dir:  filepath.Join("testdata", "process"),
		Cmds: commands,
		Setup: func(env *testscript.Env) error {
			hideDocker(env)
			for _, name := range []string{"ONE", "TWO"} {
				engine, err := newLite(env.WorkDir, name) // what it keeps lies in processed-NAME
				if err != nil {
					return err
				}
				server := httptest.NewServer(engine)
				env.Defer(server.Close)
				env.Setenv(name, server.URL)
			}
			return furnish(env, binary)
		},
	})
}

// TestDockerScripts runs the program on the real Docker Engine. Each script
// has a separate instance and port.
func TestDockerScripts(t *testing.T) {
	t.Parallel()
	docker := dockertest.Engine(t)
	binary := dockertest.Binary(t)
	lite := dockertest.Lite(t).Reference()
	testscript.Run(t, testscript.Params{
		Dir:  filepath.Join("testdata", "docker"),
		Cmds: commands,
		Setup: func(env *testscript.Env) error {
			tb, err := showDocker(env, docker)
			if err != nil {
				return err
			}
			env.Setenv("DOCKER_CONFIG", dockerConfig())
			env.Setenv("LITE", lite)
			env.Setenv("PORTS", fmt.Sprint(dockertest.FreePorts(tb, 3))) // the first of three
			return furnish(env, binary)
		},
		Condition: func(name string) (bool, error) {
			if name != "compose" {
				return false, fmt.Errorf("unknown condition %q", name)
			}
			err := composeInstalled()
			if err != nil && dockertest.Required() {
				return false, fmt.Errorf("docker compose is required: %w", err)
			}
			return err == nil, nil
		},
	})
}

// TestRegistryScripts runs the program against a separate registry for each
// script. The daemon really pulls what it serves.
func TestRegistryScripts(t *testing.T) {
	t.Parallel()
	docker := dockertest.Engine(t)
	binary := dockertest.Binary(t)
	dockertest.Lite(t)
	testscript.Run(t, testscript.Params{
		Dir:  filepath.Join("testdata", "registry"),
		Cmds: registryCommands(),
		Setup: func(env *testscript.Env) error {
			tb, err := showDocker(env, docker)
			if err != nil {
				return err
			}
			registry := dockertest.NewFaultyRegistry(tb)
			dockertest.RemoveImages(tb, docker, registry.Host+"/")
			env.Values[registryKey], env.Values[testingKey] = registry, tb
			env.Values[baseKey] = freshLite(tb)
			env.Setenv("REGISTRY", registry.Host)
			return furnish(env, binary)
		},
		Condition: func(name string) (bool, error) {
			if name != "podman" {
				return false, fmt.Errorf("unknown condition %q", name)
			}
			return dockertest.IsPodman(t, docker), nil
		},
	})
}

func hideDocker(env *testscript.Env) {
	env.Setenv("DOCKER_HOST", "unix://"+filepath.Join(env.WorkDir, "no-docker.sock"))
}

// showDocker gives a script the machine's Docker, an instance and a port. What
// it returns is the script's own test.
func showDocker(env *testscript.Env, docker client.APIClient) (testing.TB, error) {
	tb, ok := env.T().(testing.TB)
	if !ok {
		return nil, errors.New("the script's T is not a testing.TB")
	}
	env.Setenv("DOCKER_HOST", os.Getenv("DOCKER_HOST"))
	env.Setenv("FACECRAFT_INSTANCE", dockertest.Instance(tb, docker))
	env.Setenv("PORT", fmt.Sprint(dockertest.FreePort(tb)))
	env.Setenv("FACECRAFT_CLI_PORT", env.Getenv("PORT"))
	return tb, nil
}

// dockerConfig is where the docker command finds its plugins; a script's home
// is an empty directory.
func dockerConfig() string {
	if dir := os.Getenv("DOCKER_CONFIG"); dir != "" {
		return dir
	}
	return filepath.Join(os.Getenv("HOME"), ".docker")
}

func composeInstalled() error { return exec.Command("docker", "compose", "version").Run() }

// furnish puts the program on the script's path and the photos into its
// directory.
func furnish(env *testscript.Env, binary string) error {
	env.Setenv("XDG_CACHE_HOME", filepath.Join(env.WorkDir, "cache"))
	env.Setenv("PATH", filepath.Dir(binary)+string(filepath.ListSeparator)+env.Getenv("PATH"))
	photos, err := filepath.Glob(filepath.Join("testdata", "photos", "*.png"))
	if err != nil {
		return err
	}
	for _, photo := range photos {
		data, err := os.ReadFile(photo)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(env.WorkDir, filepath.Base(photo)), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
