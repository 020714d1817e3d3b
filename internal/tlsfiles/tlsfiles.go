// Package tlsfiles checks a certificate and its key before a container gets them.
package tlsfiles

import (
	"crypto/tls"
	"path/filepath"

	"github.com/djok/facecraft/internal/fault"
)

// Absolute returns the absolute paths of a certificate and its private key, or an
// error if they cannot be used. Both are empty if both names are.
func Absolute(cert, key string) (certPath, keyPath string, err error) {
	switch {
	case cert == "" && key == "":
		return "", "", nil
	case cert == "" || key == "":
		return "", "", fault.New(fault.Usage, "name the other one, too", "--tls-cert and --tls-key belong together")
	}
	if _, err := tls.LoadX509KeyPair(cert, key); err != nil {
		return "", "", fault.Wrap(fault.Usage, err, "name a certificate and its private key as PEM files",
			"cannot use --tls-cert and --tls-key")
	}
	if certPath, err = mountable("--tls-cert", cert); err != nil {
		return "", "", err
	}
	keyPath, err = mountable("--tls-key", key)
	return certPath, keyPath, err
}

// mountable returns the absolute path of a file if a container can mount its
// directory: there, a symbolic link that leaves the directory would be broken.
func mountable(flag, file string) (string, error) {
	path, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return "", err
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	if inside, err := filepath.Rel(dir, real); err != nil || !filepath.IsLocal(inside) {
		return "", fault.New(fault.Usage, "name a copy, and renew that, as with certbot's --deploy-hook",
			"%s %s links to %s, out of the directory that the gateway gets", flag, file, real)
	}
	return path, nil
}
