package gateway

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// writePair writes a new certificate for 127.0.0.1.
func writePair(t *testing.T, files TLS, name string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{
		files.CertFile: {Type: "CERTIFICATE", Bytes: cert}, files.KeyFile: {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestServe speaks HTTPS with a certificate that is replaced, refuses older versions,
// and ends when it is told to.
func TestServe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files := TLS{filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")}
	writePair(t, files, "first")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- Serve(ctx, listener,
			Config{Servers: []string{newFake(t).URL}, Hosts: []string{address}, Loopback: true}, &files)
	}()
	name := func(c *tls.Config) (string, error) {
		c.InsecureSkipVerify = true
		connection, err := tls.Dial("tcp", address, c)
		if err != nil {
			return "", err
		}
		defer connection.Close()
		return connection.ConnectionState().PeerCertificates[0].Subject.CommonName, nil
	}
	if got, err := name(&tls.Config{}); err != nil || got != "first" {
		t.Errorf("certificate %q, %v", got, err)
	}
	if _, err := name(&tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
	if err := os.WriteFile(files.KeyFile, []byte("not yet complete"), 0o600); err != nil {
		t.Fatal(err)
	}
	time.Sleep(fileInterval)
	if got, err := name(&tls.Config{}); err != nil || got != "first" {
		t.Errorf("while the files do not fit: certificate %q, %v", got, err)
	}
	writePair(t, files, "second")
	within(t, "the new certificate is used", func() bool {
		got, err := name(&tls.Config{})
		return err == nil && got == "second"
	})
	stop()
	if err := <-ended; err != nil {
		t.Errorf("the end: %v", err)
	}
}

// TestServeRefuses: what New refuses, and a certificate that cannot be read.
func TestServeRefuses(t *testing.T) {
	t.Parallel()
	for why, files := range map[string]*TLS{"nowhere": {"/nowhere/cert", "/nowhere/key"}, "at least one server": nil} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		cfg := Config{Hosts: []string{"a"}, Loopback: true}
		if files != nil {
			cfg.Servers = []string{"http://127.0.0.1:1"}
		}
		if err := Serve(t.Context(), listener, cfg, files); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("error %v, want %s", err, why)
		}
		if _, err := net.Dial("tcp", listener.Addr().String()); err == nil {
			t.Error("it still listens")
		}
	}
}
