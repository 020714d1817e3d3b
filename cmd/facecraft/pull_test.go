package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/run"
)

// TestRegistryScripts runs the program against a registry of the script's
// own. Whatever it serves is really pulled by the daemon.
func TestRegistryScripts(t *testing.T) {
	t.Parallel()
	docker := dockertest.Engine(t)
	binary := dockertest.Binary(t)
	dockertest.Lite(t)
	testscript.Run(t, testscript.Params{
		Dir:  filepath.Join("testdata", "registry"),
		Cmds: registryCommands(),
		Setup: func(env *testscript.Env) error {
			tb, ok := env.T().(testing.TB)
			if !ok {
				return errors.New("the script's T is no testing.TB")
			}
			registry := dockertest.NewFaultyRegistry(tb)
			dockertest.RemoveImages(tb, docker, registry.Host+"/")
			env.Values[registryKey], env.Values[testingKey] = registry, tb
			env.Values[baseKey] = ownLite(tb)
			env.Setenv("REGISTRY", registry.Host)
			env.Setenv("DOCKER_HOST", os.Getenv("DOCKER_HOST"))
			env.Setenv("FACECRAFT_INSTANCE", dockertest.Instance(tb, docker))
			env.Setenv("PORT", fmt.Sprint(dockertest.FreePort(tb)))
			env.Setenv("FACECRAFT_CLI_PORT", env.Getenv("PORT"))
			return furnish(env, binary)
		},
	})
}

type key int

const (
	registryKey key = iota
	testingKey
	baseKey
)

// ownLite is the lite image on a base of the script's own, so that scripts do
// not find each other's layers in the daemon.
func ownLite(t testing.TB) v1.Image {
	lite, err := dockertest.Lite(t).Image()
	if err != nil {
		t.Fatal(err)
	}
	layers, err := lite.Layers()
	if err != nil {
		t.Fatal(err)
	}
	config, err := lite.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	img, err := mutate.Config(dockertest.ImageOf(t, append([]v1.Layer{dockertest.Layer(t, 1000)}, layers...)...), config.Config)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// registryCommands are testscript's own, those of all scripts, and:
func registryCommands() map[string]func(*testscript.TestScript, bool, []string) {
	all := map[string]func(*testscript.TestScript, bool, []string){
		// push TAG BYTES: publishes as $REGISTRY/facecraft:TAG the script's lite
		// image with one more layer of as many random bytes. $DIGEST is its digest.
		"push": func(ts *testscript.TestScript, neg bool, args []string) {
			if neg || len(args) != 2 {
				ts.Fatalf("usage: push TAG BYTES")
			}
			var size int64
			_, err := fmt.Sscan(args[1], &size)
			ts.Check(err)
			tb := ts.Value(testingKey).(testing.TB)
			img, err := mutate.AppendLayers(ts.Value(baseKey).(v1.Image), dockertest.Layer(tb, size))
			ts.Check(err)
			dockertest.Push(tb, ts.Getenv("REGISTRY")+"/facecraft:"+args[0], img)
			digest, err := img.Digest()
			ts.Check(err)
			ts.Setenv("DIGEST", digest.String())
			dockertest.RemoveImages(tb, dockertest.Engine(tb), run.PartialOf(digest.String()))
		},
		// served MIN MAX: so many bytes of blobs since the last time.
		"served": func(ts *testscript.TestScript, neg bool, args []string) {
			if neg || len(args) != 2 {
				ts.Fatalf("usage: served MIN MAX")
			}
			var least, most int64
			_, err := fmt.Sscan(args[0]+" "+args[1], &least, &most)
			ts.Check(err)
			registry := ts.Value(registryKey).(*dockertest.FaultyRegistry)
			if got := registry.Served(); got < least || got > most {
				ts.Fatalf("the registry served %d bytes, not %d to %d", got, least, most)
			}
			registry.Reset()
		},
		// onlydaemon: the registry answers the daemon, and not the program.
		"onlydaemon": func(ts *testscript.TestScript, _ bool, _ []string) {
			ts.Value(registryKey).(*dockertest.FaultyRegistry).Fail("/", -1, dockertest.OnlyForDaemons)
		},
		// hide: the registry answers nothing but 503 from now on.
		"hide": func(ts *testscript.TestScript, _ bool, _ []string) {
			ts.Value(registryKey).(*dockertest.FaultyRegistry).Fail("/", -1, dockertest.Answer(503, "UNAVAILABLE", "down"))
		},
	}
	for name, command := range commands {
		all[name] = command
	}
	return all
}
