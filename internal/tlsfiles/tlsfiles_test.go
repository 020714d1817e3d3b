package tlsfiles_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/tlsfiles"
)

func TestAbsolute(t *testing.T) {
	t.Parallel()
	elsewhere, dir := t.TempDir(), t.TempDir()
	for name, data := range pair(t) {
		for _, place := range []string{elsewhere, dir} {
			if err := os.WriteFile(filepath.Join(place, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	if gotCert, gotKey, err := tlsfiles.Absolute(cert, key); err != nil || gotCert != cert || gotKey != key {
		t.Errorf("got %s, %s, %v", gotCert, gotKey, err)
	}
	if gotCert, _, err := tlsfiles.Absolute("", ""); err != nil || gotCert != "" {
		t.Errorf("without files %s, %v", gotCert, err)
	}
	link := filepath.Join(dir, "link.pem")
	if err := os.Symlink(filepath.Join(elsewhere, "key.pem"), link); err != nil {
		t.Skip("needs symbolic links: ", err)
	}
	for name, tt := range map[string]struct{ cert, key, say string }{
		"no key":         {cert, "", "belong together"},
		"no certificate": {"", key, "belong together"},
		"swapped":        {key, cert, "cannot use --tls-cert and --tls-key"},
		"a link away":    {cert, link, "out of the directory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := tlsfiles.Absolute(tt.cert, tt.key)
			if fault.CodeOf(err) != fault.Usage || !strings.Contains(err.Error(), tt.say) {
				t.Errorf("got %v, want %q", err, tt.say)
			}
		})
	}
	inside := filepath.Join(dir, "current.pem")
	if err := os.Symlink("key.pem", inside); err != nil {
		t.Fatal(err)
	}
	if _, got, err := tlsfiles.Absolute(cert, inside); err != nil || got != inside {
		t.Errorf("a link within the directory: %s, %v", got, err)
	}
}

// pair is a certificate and its key, by the names of their files.
func pair(t *testing.T) map[string][]byte {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{
		"cert.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}),
		"key.pem":  pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: key}),
	}
}
