package pagetest

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/djok/facecraft/internal/launch"
	"github.com/djok/facecraft/internal/lite"
	"github.com/djok/facecraft/internal/studio"
	"github.com/djok/facecraft/internal/term"
)

// quote returns a JavaScript string.
func quote(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(quoted)
}

// engineDir holds the engine's files.
var engineDir string

// engine is the address of one lite engine for all tests.
var engine = sync.OnceValues(func() (string, error) {
	var err error
	if engineDir, err = os.MkdirTemp("", "facecraft-page"); err != nil {
		return "", err
	}
	server, err := lite.New(lite.Config{UploadDir: filepath.Join(engineDir, "uploads"),
		OutputDir: filepath.Join(engineDir, "out"), Log: io.Discard})
	if err != nil {
		return "", err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	go func() { _ = server.Serve(context.Background(), listener) }()
	return "http://" + listener.Addr().String(), server.Load()
})

// start runs a studio until the test ends, and returns the address to open and
// the folder of its portraits.
func start(t *testing.T) (address, folder string) {
	t.Helper()
	server, err := engine()
	if err != nil {
		t.Fatal(err)
	}
	folder = t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	ready, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		ended <- studio.Run(ctx, studio.Config{
			Settings:  launch.Settings{UI: term.New(t.Output(), os.Getenv, false), Getenv: os.Getenv, Version: "test"},
			Request:   launch.ServerRequest{Timeout: patience},
			Endpoints: []string{server}, Folder: folder,
			Ready: func(address string) { ready <- address },
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the studio ended with %v", err)
		}
	})
	select {
	case address = <-ready:
	case err := <-ended:
		ended <- err
		t.Fatal(err)
	}
	return address, folder
}

// photo is the contents of one with a face.
func photo(t *testing.T) []byte { return read(t, "../../e2e/testdata/photos/astronaut.png") }

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// photos writes photos of these names into a new folder.
func photos(t *testing.T, names ...string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, name := range names {
		write(t, filepath.Join(dir, name), photo(t))
	}
	return dir
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// files are those in a folder, without the studio's own.
func files(t *testing.T, folder string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		name, _ := filepath.Rel(folder, path)
		if err == nil && name != "." && name[0] == '.' && entry.IsDir() {
			return filepath.SkipDir
		}
		if err == nil && !entry.IsDir() && name[0] != '.' {
			names = append(names, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
