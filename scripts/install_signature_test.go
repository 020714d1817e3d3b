//go:build unix

package scripts_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const signatureNamespace = "facecraft-release"

// newKey makes a key that signs, and returns its file and public half.
func newKey(t *testing.T) (file, public string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "key")
	keygen(t, "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", file)
	text, err := os.ReadFile(file + ".pub")
	must(t, err)
	fields := strings.Fields(string(text))
	return file, fields[0] + " " + fields[1]
}

func keygen(t *testing.T, args ...string) {
	t.Helper()
	if got := finish(t, exec.Command(lookup(t, "ssh-keygen"), args...)); got.code != 0 {
		t.Fatalf("ssh-keygen: %s", got.stderr)
	}
}

// sign signs the latest release's checksums.
func (r *releases) sign(t *testing.T, key, namespace string) {
	t.Helper()
	sums := filepath.Join(t.TempDir(), "checksums.txt")
	must(t, os.WriteFile(sums, r.files["/download/v1.3.0/checksums.txt"], 0o644))
	keygen(t, "-q", "-Y", "sign", "-f", key, "-n", namespace, sums)
	signature, err := os.ReadFile(sums + ".sig")
	must(t, err)
	r.files["/download/v1.3.0/checksums.txt.sig"] = signature
}

// signedInstaller is install.sh as it is released, with a key.
func signedInstaller(t *testing.T, public string) string {
	t.Helper()
	text, err := os.ReadFile(script(t, "install.sh"))
	must(t, err)
	released := bytes.Replace(text, []byte("\nrelease_key=''\n"), []byte("\nrelease_key='"+public+"'\n"), 1)
	if bytes.Equal(text, released) {
		t.Fatal("install.sh has no place for a key")
	}
	file := filepath.Join(t.TempDir(), "install.sh")
	must(t, os.WriteFile(file, released, 0o644))
	return file
}

// TestInstallSigned: what the release key did not sign is not installed.
func TestInstallSigned(t *testing.T) {
	t.Parallel()
	key, public := newKey(t)
	stranger, _ := newKey(t)
	const sums, signature = "/download/v1.3.0/checksums.txt", "/download/v1.3.0/checksums.txt.sig"
	archive := "/download/v1.3.0/" + archiveName(platform)
	for name, c := range map[string]struct {
		tamper func(*releases)
		want   string // of the refusal; empty if there is none
	}{
		"as released":     {func(*releases) {}, ""},
		"no signature":    {func(r *releases) { delete(r.files, signature) }, "404"},
		"another key":     {func(r *releases) { r.sign(t, stranger, signatureNamespace) }, "not signed by the release key"},
		"another purpose": {func(r *releases) { r.sign(t, key, "file") }, "not signed by the release key"},
		"checksums changed": {func(r *releases) {
			r.files[sums] = append(r.files[sums], '\n')
		}, "not signed by the release key"},
		"archive replaced": {func(r *releases) {
			r.files[archive] = packed(t, "#!/bin/sh\necho evil\n")
			r.files[sums] = fmt.Appendf(nil, "%x  %s\n", sha256.Sum256(r.files[archive]), archiveName(platform))
		}, "not signed by the release key"},
		"a byte of the archive":   {func(r *releases) { flip(r.files, archive) }, "checksum mismatch"},
		"a byte of the checksums": {func(r *releases) { flip(r.files, sums) }, "not signed by the release key"},
		"a byte of the signature": {func(r *releases) { flip(r.files, signature) }, "not signed by the release key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newReleases(t)
			r.sign(t, key, signatureNamespace)
			r.change(func() { c.tamper(r) })
			m := newInstaller(t, r, "sha256sum", "curl", "ssh-keygen")
			got := m.sh(signedInstaller(t, public), "--prefix", "apps")
			prefix := filepath.Join(m.home, "apps")
			if c.want == "" {
				wantInstalled(t, m, got, prefix, program("v1.3.0", platform))
				return
			}
			wantRefused(t, got, 1, c.want)
			wantSameTree(t, prefix, tree(t, prefix), nil)
			wantSameTree(t, "the temporary folder", tree(t, m.tmp), nil)
		})
	}
	t.Run("without ssh-keygen", func(t *testing.T) {
		t.Parallel()
		m := newInstaller(t, newReleases(t), "sha256sum", "curl")
		got := m.sh(signedInstaller(t, public), "--prefix", "apps")
		wantInstalled(t, m, got, filepath.Join(m.home, "apps"), program("v1.3.0", platform))
		wantContains(t, "stdout", got.stdout, "the signature is not checked, because ssh-keygen is not installed")
	})
}

// flip changes a bit in the middle of a file.
func flip(files map[string][]byte, name string) {
	changed := bytes.Clone(files[name])
	changed[len(changed)/2] ^= 1
	files[name] = changed
}
