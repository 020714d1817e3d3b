package gateway

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// Key is an API key. The log only shows its name.
type Key struct {
	Name string
	hash [sha256.Size]byte // hashes have the same length, so comparing them takes the same time
}

// NewKey returns a key with a name for the log.
func NewKey(name, secret string) Key { return Key{name, sha256.Sum256([]byte(secret))} }

// fileInterval is how often a file of keys or a certificate may be read.
const fileInterval = time.Second

// ParseKeys reads one key per line: "KEY" or "NAME KEY". Empty lines and lines that
// start with # are ignored. An error names the line, but never quotes it.
func ParseKeys(text []byte) (keys []Key, err error) {
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		words := strings.Fields(lines.Text())
		switch {
		case len(words) == 0 || strings.HasPrefix(words[0], "#"):
		case len(words) == 1:
			keys = append(keys, NewKey(fmt.Sprintf("key%d", len(keys)+1), words[0]))
		case len(words) == 2:
			keys = append(keys, NewKey(words[0], words[1]))
		default:
			return nil, fmt.Errorf("line %d of the API keys is neither KEY nor NAME KEY", n)
		}
	}
	if lines.Err() != nil {
		return nil, errors.New("a line of the API keys is too long")
	}
	return keys, nil
}

// StaticKeys returns keys that never change.
func StaticKeys(keys ...Key) func() []Key { return func() []Key { return keys } }

// ReadKeys returns the keys of a file, which is read again when it changes. If it
// then cannot be read or has no keys, the earlier ones stay valid and problem is
// called. The error is that of the first read.
func ReadKeys(path string, problem func(error)) (func() []Key, error) {
	f := &keyFile{path: path}
	if err := f.read(); err != nil {
		return nil, err
	}
	if f.keys == nil { // an empty file counts as unchanged
		return nil, fmt.Errorf("%s has no API keys", path)
	}
	return func() []Key { return f.now(problem) }, nil
}

// keyFile reads its file when keys are needed, at most once a second. Watching it would
// miss how Kubernetes replaces secrets, with a symbolic link to a directory; and a
// file copied into a container need not have a new time, size or inode.
type keyFile struct {
	path string

	mu   sync.Mutex
	text []byte // of the keys
	keys []Key
	last time.Time // when it was read
}

func (f *keyFile) now(problem func(error)) []Key {
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Since(f.last) >= fileInterval {
		if err := f.read(); err != nil {
			problem(err)
		}
	}
	return f.keys
}

func (f *keyFile) read() error {
	f.last = time.Now()
	text, err := os.ReadFile(f.path)
	if err != nil || bytes.Equal(text, f.text) {
		return err
	}
	keys, err := ParseKeys(text)
	if err == nil && len(keys) == 0 {
		err = fmt.Errorf("%s has no API keys", f.path)
	}
	if err == nil {
		f.text, f.keys = text, keys
	}
	return err
}

// authenticate returns the name of a request's key. It compares all keys, so that the
// time reveals nothing about them.
func (g *Gateway) authenticate(r *http.Request) (name string, ok bool) {
	if g.cfg.Keys == nil {
		return "", true
	}
	for _, secret := range presented(r) {
		hash := sha256.Sum256([]byte(secret))
		for _, key := range g.cfg.Keys() {
			if subtle.ConstantTimeCompare(hash[:], key.hash[:]) == 1 {
				name, ok = key.Name, true
			}
		}
	}
	return name, ok
}

// presented returns the keys in a request's headers.
func presented(r *http.Request) (secrets []string) {
	scheme, token, found := strings.Cut(r.Header.Get("Authorization"), " ")
	if found && strings.EqualFold(scheme, "Bearer") {
		secrets = append(secrets, strings.TrimSpace(token))
	}
	if key := r.Header.Get("X-Api-Key"); key != "" {
		secrets = append(secrets, key)
	}
	return secrets
}

// withKey lets a request with a valid key pass.
func (g *Gateway) withKey(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name, ok := g.authenticate(r)
		if !ok {
			w.Header().Set("WWW-Authenticate", `Bearer realm="facecraft"`)
			answerDetail(w, http.StatusUnauthorized,
				"Not authenticated: send an API key as Authorization: Bearer KEY or X-API-Key: KEY")
			return
		}
		noteOf(r).key = name
		next(w, r)
	}
}
