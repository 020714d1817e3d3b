package guard

import (
	"testing"
	"time"
)

func TestSecrets(t *testing.T) {
	t.Parallel()
	var s Secrets
	first, second := s.New(), s.New()
	if first == second || !s.Has(first) || !s.Has(second) || s.Has("") || s.Has(first+second) {
		t.Errorf("%s, %s", first, second)
	}
	if !s.Spend(first) || s.Spend(first) || s.Has(first) || !s.Has(second) {
		t.Error("a secret works more than once, or takes another with it")
	}
}

func TestSecretsExpire(t *testing.T) {
	t.Parallel()
	s := Secrets{Life: time.Nanosecond}
	secret := s.New()
	time.Sleep(time.Millisecond)
	if s.Has(secret) || s.Spend(secret) || len(s.known) != 0 {
		t.Error("an old secret still works, or is still kept")
	}
}
