package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/images"
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
			dockertest.RemoveImages(tb, dockertest.Engine(tb), images.PartialOf(digest.String()))
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

// TestConsentOnATerminal: a large download is asked for, with the estimate, and a
// no is taken. The terminal is script's (util-linux).
func TestConsentOnATerminal(t *testing.T) {
	t.Parallel()
	dockertest.Engine(t)
	script, err := exec.LookPath("script")
	dockertest.Need(t, err, "script, which makes a terminal")
	dockertest.Lite(t) // the program loads it to see the free disk
	registry := dockertest.NewFaultyRegistry(t)
	reference := registry.Host + "/facecraft:large"
	pushClaiming(t, reference, 2_000_000_000)

	cmd := exec.CommandContext(t.Context(), script, "-qec", dockertest.Binary(t)+" pull --image "+reference, os.DevNull)
	cmd.Stdin = strings.NewReader("n\n")
	output, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != int(fault.Declined) {
		t.Errorf("%v, want exit code %d", err, fault.Declined)
	}
	for _, want := range []string{"2 GB, 1 of 1 layers", "download 2 GB now?", "[Y/n]", "the download was declined", "facecraft up --lite downloads nothing"} {
		if !strings.Contains(string(output), want) {
			t.Errorf("no %q in\n%s", want, output)
		}
	}
}

// pushClaiming publishes an image whose manifest says that its layer has so
// many bytes.
func pushClaiming(t *testing.T, reference string, size int64) {
	t.Helper()
	img := dockertest.ImageOf(t, dockertest.Layer(t, 10))
	dockertest.Push(t, reference, img)
	manifest, err := img.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	manifest = manifest.DeepCopy()
	manifest.Layers[0].Size = size
	data, err := json.Marshal(manifest)
	if err != nil {
		t.Fatal(err)
	}
	tag, err := name.NewTag(reference)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Put(tag, claim{data, manifest.MediaType}); err != nil {
		t.Fatal(err)
	}
}

type claim struct {
	manifest  []byte
	mediaType types.MediaType
}

func (c claim) RawManifest() ([]byte, error)        { return c.manifest, nil }
func (c claim) MediaType() (types.MediaType, error) { return c.mediaType, nil }
