package secret_test

import (
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/secret"
)

// Made here, so that no scanner of this repository takes them for real ones.
var (
	random = "q7Zk2" + "Rw9LxV4" + "bTm8YcN1"
	values = map[string]string{
		"Docker Hub access token": "docker login -p dckr_pat_" + strings.Repeat("aB3", 9),
		"GitHub token":            "ghp_" + strings.Repeat("aB3d", 9),
		"GitLab token":            "glpat-" + strings.Repeat("aB3d", 5),
		"PyPI token":              "pypi-AgE" + strings.Repeat("aB3d-", 10),
		"Slack token":             "xoxb-" + strings.Repeat("aB3d", 5),
		"Google API key":          "AIza" + strings.Repeat("aB3d-", 7),
		"AWS access key":          "id=AKIA" + "QWERTZUIOPASDFGH",
		"Hugging Face token":      "HF=hf_" + strings.Repeat("aBcd", 9),
		"private key":             "-----BEGIN RSA PRIVATE " + "KEY-----\n" + strings.Repeat("MIIEowIBAAKCAQEA", 6),
		"password in an address":  "https://bob:s3cretword@host.invalid/x",
		"value of MY_API_KEY":     "ENV MY_API_KEY=" + random,
		"value of db_password":    `db_password: "` + random + `"`,
	}
)

func TestFind(t *testing.T) {
	t.Parallel()
	for kind, text := range values {
		hits := secret.Find("first line\n" + text + "\n")
		if len(hits) != 1 || hits[0].Kind != kind || hits[0].Line != 2 {
			t.Errorf("%s: %+v", kind, hits)
		}
		for _, hit := range hits {
			if shown := strings.TrimSuffix(hit.Shown, "…"); len(shown) > 4 {
				t.Errorf("%s shows %q", kind, hit.Shown)
			}
		}
	}
}

func TestLookAlikes(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D", "API_KEY=", "TOKEN=${TOKEN}", "password=changeme123456789",
		"AKIAIOSFODNN7EXAMPLE", "token = tokenizer.next_token_id_for", "https://user:password@host",
		"https://$USER:$PASS@host",
		"MODEL_TOKEN_SHA256=fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a2",
		"secret_key_file=/run/secrets/key_number_12345",
		"-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA",
		"password: str = Field(default=None1234567890)",
		"-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
	} {
		if hits := secret.Find(text); len(hits) > 0 {
			t.Errorf("%q: %+v", text, hits)
		}
	}
}

func TestMask(t *testing.T) {
	t.Parallel()
	for kind, text := range values {
		if kind == "private key" {
			continue // its mark stays, and what follows is on other lines
		}
		masked := secret.Mask(text)
		if masked == text || strings.Contains(masked, random[6:]) || len(secret.Find(masked)) > 0 {
			t.Errorf("%s: %q", kind, masked)
		}
	}
	if text := "RUN pip install torch==2.0.1 # token"; secret.Mask(text) != text {
		t.Error(secret.Mask(text))
	}
}

func FuzzFind(f *testing.F) {
	for _, text := range values {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, hit := range secret.Find(text) {
			if len([]rune(hit.Shown)) > 5 {
				t.Errorf("%q shows %q", text, hit.Shown)
			}
		}
		secret.Mask(text)
	})
}
