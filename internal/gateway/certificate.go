package gateway

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// TLS is the certificate for HTTPS. The files are read again when they change.
type TLS struct{ CertFile, KeyFile string }

// pair is a certificate whose files may be replaced while it is in use.
type pair struct {
	files TLS

	mu        sync.Mutex
	cert, key []byte // PEM
	now       *tls.Certificate
	last      time.Time // when the files were read
}

func openPair(files TLS) (*pair, error) {
	p := &pair{files: files}
	return p, p.read()
}

// get returns the certificate: the last valid one while the files do not match, because
// one of them is still being replaced.
func (p *pair) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Since(p.last) >= fileInterval {
		_ = p.read() // it will be read again
	}
	return p.now, nil
}

func (p *pair) read() error {
	p.last = time.Now()
	cert, err := os.ReadFile(p.files.CertFile)
	key, keyErr := os.ReadFile(p.files.KeyFile)
	if err := errors.Join(err, keyErr); err != nil {
		return err
	}
	if p.now != nil && bytes.Equal(cert, p.cert) && bytes.Equal(key, p.key) {
		return nil
	}
	now, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return fmt.Errorf("certificate %s: %w", p.files.CertFile, err)
	}
	p.cert, p.key, p.now = cert, key, &now
	return nil
}
