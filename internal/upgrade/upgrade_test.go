//go:build unix

package upgrade

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"

	"github.com/djok/facecraft/internal/fault"
)

// No test here runs in parallel: a program that was just written cannot run while
// another test's fork still has it open for writing ("text file busy").

// mirror serves one release, v1.3.0, signed by key.
type mirror struct {
	*httptest.Server
	key   string
	files map[string][]byte // by path
}

func saying(version string) string { return "#!/bin/sh\necho facecraft " + version + " here\n" }

func newMirror(t *testing.T, program string) *mirror {
	t.Helper()
	signer := newSigner(t)
	m := &mirror{key: string(ssh.MarshalAuthorizedKey(signer.PublicKey())), files: map[string][]byte{}}
	m.files["/download/v1.3.0/"+archiveName(platform())] = packed(t, program)
	m.files["/latest/download/version.txt"] = []byte("v1.3.0\n")
	m.sign(t, signer, namespace)
	m.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if data, ok := m.files[r.URL.Path]; ok {
			_, _ = w.Write(data)
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(m.Close)
	return m
}

func newSigner(t *testing.T) ssh.Signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func (m *mirror) sign(t *testing.T, signer ssh.Signer, namespace string) {
	t.Helper()
	var sums bytes.Buffer
	for path, data := range m.files {
		if !strings.Contains(path, "checksums") {
			fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(data), filepath.Base(path))
		}
	}
	m.files["/latest/download/checksums.txt"] = sums.Bytes()
	signature, err := sshsig.Sign(bytes.NewReader(sums.Bytes()), signer, sshsig.HashSHA512, namespace)
	if err != nil {
		t.Fatal(err)
	}
	m.files["/latest/download/checksums.txt.sig"] = sshsig.Armor(signature)
}

func packed(t *testing.T, program string) []byte {
	t.Helper()
	var archive bytes.Buffer
	zipped := gzip.NewWriter(&archive)
	w := tar.NewWriter(zipped)
	for name, text := range map[string]string{"LICENSE": "mine", "facecraft": program} {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(text)),
			Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	return archive.Bytes()
}

// installed is a program of version v1.2.0 alone in a directory.
func installed(t *testing.T, m *mirror) Settings {
	t.Helper()
	path := filepath.Join(t.TempDir(), "facecraft")
	if err := write(path, []byte(saying("v1.2.0"))); err != nil {
		t.Fatal(err)
	}
	return Settings{Version: "v1.2.0", Key: m.key, Mirror: m.URL + "/", Path: path}
}

func upgrade(t *testing.T, s Settings) error {
	release, err := s.Check(t.Context())
	if err != nil {
		return err
	}
	return s.Install(t.Context(), release)
}

// wantProgram expects the program, and nothing next to it.
func wantProgram(t *testing.T, s Settings, version string) {
	t.Helper()
	text, err := os.ReadFile(s.Path)
	if err != nil || string(text) != saying(version) {
		t.Errorf("the program is %q, want %s (%v)", text, version, err)
	}
	files, err := os.ReadDir(filepath.Dir(s.Path))
	if err != nil || len(files) != 1 {
		t.Errorf("left behind: %v (%v)", files, err)
	}
}

func TestUpgrade(t *testing.T) {
	m := newMirror(t, saying("v1.3.0"))
	s := installed(t, m)
	link := filepath.Join(t.TempDir(), "facecraft")
	if err := os.Symlink(s.Path, link); err != nil {
		t.Fatal(err)
	}
	through := s
	through.Path = link
	if err := upgrade(t, through); err != nil {
		t.Fatal(err)
	}
	wantProgram(t, s, "v1.3.0")
	for version, newer := range map[string]bool{"v1.2.9": true, "v1.3.0-rc.1": true, "v1.3.0": false, "v1.10.0": false} {
		if (Release{Tag: "v1.3.0"}).Newer(version) != newer {
			t.Errorf("newer than %s is not %t", version, newer)
		}
	}
}

// TestRefused: whatever is wrong, the program stays as it was.
func TestRefused(t *testing.T) {
	const sums, signature, version = "/latest/download/checksums.txt", "/latest/download/checksums.txt.sig",
		"/latest/download/version.txt"
	archive := "/download/v1.3.0/" + archiveName(platform())
	flip := func(path string) func(*testing.T, *mirror) {
		return func(_ *testing.T, m *mirror) { m.files[path][len(m.files[path])/2] ^= 1 }
	}
	for name, c := range map[string]struct {
		program string
		tamper  func(*testing.T, *mirror)
		want    string
	}{
		"a byte of the checksums": {tamper: flip(sums), want: "not signed by the release key"},
		"a byte of the signature": {tamper: flip(signature), want: "not signed by the release key"},
		"a byte of the version":   {tamper: flip(version), want: "not what was signed"},
		"a byte of the archive":   {tamper: flip(archive), want: "not what was signed"},
		"no signature":            {tamper: func(_ *testing.T, m *mirror) { delete(m.files, signature) }, want: "404"},
		"another key": {tamper: func(t *testing.T, m *mirror) {
			m.sign(t, newSigner(t), namespace)
		}, want: "not signed by the release key"},
		"no archive":      {tamper: func(_ *testing.T, m *mirror) { delete(m.files, archive) }, want: "404"},
		"another version": {program: saying("v1.2.9"), want: `says "facecraft v1.2.9 here" instead of v1.3.0`},
		"it does not run": {program: "#!/bin/sh\necho wrong processor; exit 1\n", want: "wrong processor"},
		// Only its first run succeeds, which is before it is put in place.
		"it breaks once in place": {program: "#!/bin/sh\ncase $0 in *.new) echo facecraft v1.3.0 here ;; *) exit 1 ;; esac\n",
			want: "does not run here"},
	} {
		t.Run(name, func(t *testing.T) {
			program := c.program
			if program == "" {
				program = saying("v1.3.0")
			}
			m := newMirror(t, program)
			if c.tamper != nil {
				c.tamper(t, m)
			}
			s := installed(t, m)
			err := upgrade(t, s)
			if err == nil || !strings.Contains(err.Error(), c.want) || fault.HintOf(err) == "" {
				t.Errorf("got %v (fix: %s), want %s", err, fault.HintOf(err), c.want)
			}
			wantProgram(t, s, "v1.2.0")
		})
	}
	t.Run("another purpose", func(t *testing.T) {
		m, signer := newMirror(t, saying("v1.3.0")), newSigner(t)
		m.key = string(ssh.MarshalAuthorizedKey(signer.PublicKey()))
		m.sign(t, signer, "file")
		if err := upgrade(t, installed(t, m)); err == nil || !strings.Contains(err.Error(), "not signed by the release key") {
			t.Errorf("got %v", err)
		}
	})
}

// TestNoRelease: a program that is not a release asks no one.
func TestNoRelease(t *testing.T) {
	m := newMirror(t, saying("v1.3.0"))
	m.Close()
	for _, s := range []Settings{
		{Version: "dev", Key: m.key}, {Version: "v1.2.3-4-g0123456", Key: m.key}, {Version: "v1.2.3-dirty", Key: m.key},
		{Version: "v1.2.3"},
	} {
		s.Mirror = m.URL
		if _, err := s.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "is not a signed release") {
			t.Errorf("%+v: %v", s, err)
		}
	}
}

// TestOwned: a package manager's program is left to it.
func TestOwned(t *testing.T) {
	for path, want := range map[string]string{
		"/opt/homebrew/Cellar/facecraft/1.2.3/bin/facecraft":                                 "brew upgrade facecraft",
		"/nix/store/abc-facecraft-1.2.3/bin/facecraft":                                       "nix profile upgrade facecraft",
		`C:\Users\me\scoop\apps\facecraft\current\facecraft.exe`:                             "scoop update facecraft",
		`C:\Users\me\AppData\Local\Microsoft\WinGet\Packages\djok.facecraft_x\facecraft.exe`: "winget upgrade djok.facecraft",
		filepath.Join(t.TempDir(), "facecraft"):                                              "",
	} {
		if owner, _ := OwnerOf(t.Context(), path, "linux_amd64", Releases); owner.Upgrade != want {
			t.Errorf("%s: %+v, want %q", path, owner, want)
		}
	}
	if _, err := os.Stat("/var/lib/dpkg/status"); err == nil {
		owner, _ := OwnerOf(t.Context(), "/usr/bin/dpkg", "linux_amd64", Releases)
		want := "curl -fLO " + Releases +
			"/latest/download/facecraft_linux_amd64.deb && sudo apt-get install ./facecraft_linux_amd64.deb"
		if owner.Upgrade != want {
			t.Errorf("dpkg's own program: %+v", owner)
		}
	}
}
