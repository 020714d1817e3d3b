package e2e

import (
	"crypto/rand"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/helper"
	"github.com/djok/facecraft/internal/images"
)

type scriptCommand = func(ts *testscript.TestScript, neg bool, args []string)

// commands are those that scripts have beside testscript's own.
var commands = map[string]scriptCommand{
	"imagesize": imageSize,
	"exit":      exit,
}

// imageSize is the command imagesize FILE WxH.
func imageSize(ts *testscript.TestScript, neg bool, args []string) {
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
}

// exit is exit CODE COMMAND ...: the command must exit with that code.
func exit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exit CODE COMMAND ...")
	}
	err := ts.Exec(args[1], args[2:]...)
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		ts.Fatalf("%v", err)
	}
	if code := exitCode(err); fmt.Sprint(code) != args[0] {
		ts.Fatalf("%s: exit code %d, not %s", strings.Join(args[1:], " "), code, args[0])
	}
}

type key int

const (
	registryKey key = iota
	testingKey
	baseKey
)

func registryOf(ts *testscript.TestScript) *dockertest.FaultyRegistry {
	return ts.Value(registryKey).(*dockertest.FaultyRegistry)
}

// registryCommands are those of scripts that have a registry, too.
func registryCommands() map[string]scriptCommand {
	all := map[string]scriptCommand{
		"push":   push,
		"served": served,
		// onlydaemon: the registry answers the daemon, and not the program.
		"onlydaemon": func(ts *testscript.TestScript, _ bool, _ []string) {
			registryOf(ts).Fail("/", -1, dockertest.OnlyForDaemons)
		},
		// hide: the registry answers nothing but 503 from now on.
		"hide": func(ts *testscript.TestScript, _ bool, _ []string) {
			registryOf(ts).Fail("/", -1, dockertest.Answer(503, "UNAVAILABLE", "down"))
		},
	}
	maps.Copy(all, commands)
	return all
}

// push is push TAG BYTES: it publishes the script's lite image as
// $REGISTRY/facecraft:TAG, with one more layer of as many random bytes.
// $DIGEST is its digest.
func push(ts *testscript.TestScript, neg bool, args []string) {
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
}

// served is served MIN MAX: how many bytes of blobs the registry sent since
// the last time.
func served(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: served MIN MAX")
	}
	var least, most int64
	_, err := fmt.Sscan(args[0]+" "+args[1], &least, &most)
	ts.Check(err)
	if got := registryOf(ts).Served(); got < least || got > most {
		ts.Fatalf("the registry served %d bytes, not %d to %d", got, least, most)
	}
	registryOf(ts).Reset()
}

// freshLite is the lite image of an executable and on a base that no other script
// has, so that scripts do not find each other's layers in the daemon.
func freshLite(t testing.TB) v1.Image {
	executable, err := os.ReadFile(dockertest.Binary(t))
	if err != nil {
		t.Fatal(err)
	}
	made, err := helper.FromExecutable(append(executable, rand.Text()...), runtime.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	lite, err := made.Image()
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
	base := dockertest.ImageOf(t, append([]v1.Layer{dockertest.Layer(t, 1000)}, layers...)...)
	img, err := mutate.Config(base, config.Config)
	if err != nil {
		t.Fatal(err)
	}
	return img
}
