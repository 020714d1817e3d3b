package e2e

import (
	"errors"
	"fmt"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/lite"
)

func TestMain(m *testing.M) { dockertest.Main(m) }

// TestScripts runs the whole program as it is released, with files and
// outputs compared. These scripts need no Docker, and find none.
func TestScripts(t *testing.T) {
	t.Parallel()
	binary := dockertest.Binary(t)
	testscript.Run(t, testscript.Params{
		Dir:  filepath.Join("testdata", "script"),
		Cmds: commands,
		Setup: func(env *testscript.Env) error {
			env.Setenv("DOCKER_HOST", "unix://"+filepath.Join(env.WorkDir, "no-docker.sock"))
			return furnish(env, binary)
		},
	})
}

// TestProcessScripts gives photos to servers of the test's own: two built-in
// engines at $ONE and $TWO. They need no Docker either.
func TestProcessScripts(t *testing.T) {
	t.Parallel()
	binary := dockertest.Binary(t)
	testscript.Run(t, testscript.Params{
		Dir:  filepath.Join("testdata", "process"),
		Cmds: commands,
		Setup: func(env *testscript.Env) error {
			env.Setenv("DOCKER_HOST", "unix://"+filepath.Join(env.WorkDir, "no-docker.sock"))
			for _, name := range []string{"ONE", "TWO"} {
				url, err := liteEngine(env, name)
				if err != nil {
					return err
				}
				env.Setenv(name, url)
			}
			return furnish(env, binary)
		},
	})
}

// liteEngine starts a built-in engine for one script. What it has not deleted
// lies in processed-NAME.
func liteEngine(env *testscript.Env, name string) (string, error) {
	engine, err := lite.New(lite.Config{
		UploadDir: filepath.Join(env.WorkDir, "uploads-"+name),
		OutputDir: filepath.Join(env.WorkDir, "processed-"+name),
		Version:   "v0.0.0-" + name,
	})
	if err != nil {
		return "", err
	}
	if err := engine.Load(); err != nil {
		return "", err
	}
	server := httptest.NewServer(engine)
	env.Defer(server.Close)
	return server.URL, nil
}

// TestDockerScripts runs the program on the real Docker Engine. Each script has
// its own instance and port.
func TestDockerScripts(t *testing.T) {
	t.Parallel()
	docker := dockertest.Engine(t)
	binary := dockertest.Binary(t)
	lite := dockertest.Lite(t).Reference()
	testscript.Run(t, testscript.Params{
		Dir:  filepath.Join("testdata", "docker"),
		Cmds: commands,
		Setup: func(env *testscript.Env) error {
			tb, ok := env.T().(testing.TB)
			if !ok {
				return errors.New("the script's T is no testing.TB")
			}
			env.Setenv("DOCKER_HOST", os.Getenv("DOCKER_HOST"))
			env.Setenv("DOCKER_CONFIG", dockerConfig())
			env.Setenv("FACECRAFT_INSTANCE", dockertest.Instance(tb, docker))
			env.Setenv("PORT", fmt.Sprint(dockertest.FreePort(tb)))
			env.Setenv("FACECRAFT_CLI_PORT", env.Getenv("PORT"))
			env.Setenv("LITE", lite)
			env.Setenv("PORTS", fmt.Sprint(dockertest.FreePorts(tb, 3))) // the first of three
			return furnish(env, binary)
		},
		Condition: func(name string) (bool, error) {
			if name != "compose" {
				return false, fmt.Errorf("unknown condition %q", name)
			}
			err := exec.Command("docker", "compose", "version").Run()
			if err != nil && dockertest.Required() {
				return false, fmt.Errorf("docker compose is required: %w", err)
			}
			return err == nil, nil
		},
	})
}

// dockerConfig is where the docker command finds its plugins; a script's home
// is an empty directory.
func dockerConfig() string {
	if dir := os.Getenv("DOCKER_CONFIG"); dir != "" {
		return dir
	}
	return filepath.Join(os.Getenv("HOME"), ".docker")
}

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

// commands are those that the scripts have beside testscript's own.
var commands = map[string]func(*testscript.TestScript, bool, []string){
	// imagesize FILE WxH
	"imagesize": func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 2 {
			ts.Fatalf("usage: imagesize FILE WxH")
		}
		file, err := os.Open(ts.MkAbs(args[0]))
		ts.Check(err)
		defer file.Close()
		config, _, err := image.DecodeConfig(file)
		ts.Check(err)
		if got := fmt.Sprintf("%dx%d", config.Width, config.Height); got != args[1] {
			ts.Fatalf("%s is %s, not %s", args[0], got, args[1])
		}
	},
	// exit CODE COMMAND ...: the command ends with that code.
	"exit": func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) < 2 {
			ts.Fatalf("usage: exit CODE COMMAND ...")
		}
		err := ts.Exec(args[1], args[2:]...)
		var failed *exec.ExitError
		code := 0
		if errors.As(err, &failed) {
			code = failed.ExitCode()
		} else if err != nil {
			ts.Fatalf("%v", err)
		}
		if fmt.Sprint(code) != args[0] {
			ts.Fatalf("%s: exit code %d, not %s", strings.Join(args[1:], " "), code, args[0])
		}
	},
}
