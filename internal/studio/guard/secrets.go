package guard

import (
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"time"
)

// Secrets are random texts that were given out. They are kept as hashes, so that
// looking one up takes the same time whatever was guessed. The zero value is
// ready to use.
type Secrets struct {
	// Life is how long a secret is valid; 0 means until it is spent.
	Life time.Duration

	mu    sync.Mutex
	known map[[sha256.Size]byte]time.Time // since when
}

// New returns a new secret of at least 128 bits.
func (s *Secrets) New() string {
	secret := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil {
		s.known = map[[sha256.Size]byte]time.Time{}
	}
	s.forgetOld()
	s.known[sha256.Sum256([]byte(secret))] = time.Now()
	return secret
}

// Has reports whether a secret was given out and is still valid.
func (s *Secrets) Has(secret string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgetOld()
	_, known := s.known[sha256.Sum256([]byte(secret))]
	return known
}

// Spend is Has for a secret that can be used only once.
func (s *Secrets) Spend(secret string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgetOld()
	key := sha256.Sum256([]byte(secret))
	_, known := s.known[key]
	delete(s.known, key)
	return known
}

func (s *Secrets) forgetOld() {
	for key, since := range s.known {
		if s.Life > 0 && time.Since(since) > s.Life {
			delete(s.known, key)
		}
	}
}
