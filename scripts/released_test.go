//go:build unix

package scripts_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/macho"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// released returns the files of a release that scripts/release.sh made, by name.
func released(t *testing.T) (dir string, files map[string][]byte) {
	t.Helper()
	dir, files = os.Getenv("FACECRAFT_DIST"), map[string][]byte{}
	if dir == "" {
		t.Skip("needs a signed release in FACECRAFT_DIST; make check-release makes one")
	}
	entries, err := os.ReadDir(dir)
	must(t, err)
	for _, entry := range entries {
		if entry.Type().IsRegular() {
			files[entry.Name()], err = os.ReadFile(filepath.Join(dir, entry.Name()))
			must(t, err)
		}
	}
	return dir, files
}

// TestReleased: the signed checksums cover each file of a release, and neither its
// install.sh nor its program accepts one with a byte changed.
func TestReleased(t *testing.T) {
	dir, files := released(t)
	for name, data := range files {
		line := fmt.Sprintf("%x  %s\n", sha256.Sum256(data), name)
		if !strings.HasPrefix(name, "checksums.txt") && !bytes.Contains(files["checksums.txt"], []byte(line)) {
			t.Errorf("checksums.txt lacks %s", line)
		}
	}
	var damaged string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := path.Base(r.URL.Path)
		data, ok := files[name]
		if !ok {
			http.NotFound(w, r)
			return
		}
		if name == damaged {
			data = slices.Clone(data)
			data[len(data)/2] ^= 1
		}
		_, _ = w.Write(data)
	}))
	defer server.Close()

	install := func(name, platform string) (*machine, outcome) {
		damaged = name
		m := newMachine(t, append(slices.Clone(coreTools), "sha256sum", "curl", "ssh-keygen")...)
		m.set("FACECRAFT_RELEASES", server.URL)
		system, processor, _ := strings.Cut(platform, "_")
		m.stub("uname", "#!/bin/sh\n[ \"$1\" = -m ] && echo "+processor+" || echo "+
			strings.ToUpper(system[:1])+system[1:]+"\n")
		return m, m.sh(filepath.Join(dir, "install.sh"), "--prefix", "apps")
	}
	signed := []string{"checksums.txt", "checksums.txt.sig"}
	for _, platform := range platforms {
		archive := archiveName(platform)
		if _, ok := files[archive]; !ok {
			continue // not in a release for one processor
		}
		for _, name := range append(signed, archive) {
			m, got := install(name, platform)
			wantRefused(t, got, 1)
			apps := filepath.Join(m.home, "apps")
			wantSameTree(t, apps, tree(t, apps), nil)
		}
	}
	m, got := install("", platform)
	if got.code != 0 {
		t.Fatalf("install.sh does not install this release: %s", got.stderr)
	}

	key := regexp.MustCompile(`(?m)^release_key='(.+)'$`).FindSubmatch(files["install.sh"])
	if key == nil {
		t.Fatal("install.sh has no release key")
	}
	older := filepath.Join(m.home, "older", "facecraft")
	build := exec.Command("go", "build", "-tags", "nodynamic", "-o", older,
		"-ldflags", fmt.Sprintf("-X main.version=v0.0.1 -X 'main.releaseKey=%s'", key[1]), "../cmd/facecraft")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	upgrade := func() outcome {
		cmd := exec.Command(older, "upgrade")
		cmd.Env = m.env
		return finish(t, cmd)
	}
	before := tree(t, filepath.Dir(older))
	for _, name := range append(signed, "version.txt", archiveName(platform)) {
		damaged = name
		if got := upgrade(); got.code != 1 || !strings.Contains(got.stderr, "\nfix: ") {
			t.Errorf("%s: exit code %d, stderr:\n%s", name, got.code, got.stderr)
		}
		wantSameTree(t, name, tree(t, filepath.Dir(older)), before)
	}
	damaged = ""
	if got := upgrade(); got.code != 0 {
		t.Fatalf("it does not upgrade: %s", got.stderr)
	}
	wantSameTree(t, "upgraded", tree(t, filepath.Dir(older)), tree(t, filepath.Join(m.home, "apps", "bin")))
}

// loadCodeSignature is LC_CODE_SIGNATURE of Apple's mach-o/loader.h.
const loadCodeSignature = 0x1d

// TestMacPrograms: Apple's processors only run programs with a signature, for which
// an ad-hoc one is enough. Go's linker adds it.
func TestMacPrograms(t *testing.T) {
	_, files := released(t)
	archive, ok := files["facecraft_darwin_arm64.tar.gz"]
	if !ok {
		t.Skip("this release is not for arm64")
	}
	plain, err := gzip.NewReader(bytes.NewReader(archive))
	must(t, err)
	unpacked := tar.NewReader(plain)
	for {
		header, err := unpacked.Next()
		must(t, err)
		if header.Name == "facecraft" {
			break
		}
	}
	text, err := io.ReadAll(unpacked)
	must(t, err)
	program, err := macho.NewFile(bytes.NewReader(text))
	must(t, err)
	if !slices.ContainsFunc(program.Loads, func(load macho.Load) bool {
		return program.ByteOrder.Uint32(load.Raw()) == loadCodeSignature
	}) {
		t.Error("it is not signed")
	}
}
