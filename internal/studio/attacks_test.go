package studio

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/studio/guard"
	"github.com/djok/facecraft/internal/studio/spool"
)

// TestAttacks makes each request that another website, another machine or
// another user of this one could make, with a valid key where that could have
// leaked. The list of photos must stay empty.
func TestAttacks(t *testing.T) {
	t.Parallel()
	v := open(t, Config{Endpoints: []string{liteServer(t, nil).URL}})
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(v.address, "http://"))
	site := func(origin string) []string { return []string{"Origin", origin} }
	guess := strings.Repeat("A", 26)
	for name, attack := range map[string]struct {
		method, path string
		host         string
		headers      []string
		anonymous    bool // without the key
		want         int
	}{
		"DNS rebinding":                   {"GET", "/api/state", "attacker.example:" + port, nil, false, 403},
		"DNS rebinding, the page":         {"GET", "/", "attacker.example:" + port, nil, true, 403},
		"DNS rebinding, the token":        {"POST", "/api/session", "attacker.example:" + port, nil, true, 403},
		"a host without its port":         {"GET", "/", "127.0.0.1", nil, true, 403},
		"another port":                    {"GET", "/", "127.0.0.1:1", nil, true, 403},
		"a host that only begins so":      {"GET", "/", "localhost.attacker.example:" + port, nil, true, 403},
		"another address of this machine": {"GET", "/", "127.0.0.2:" + port, nil, true, 403},
		"a simple POST":                   {"POST", "/api/example", "", site("https://attacker.example"), false, 403},
		"a POST from another port":        {"POST", "/api/example", "", []string{"Origin", "http://127.0.0.1:1"}, false, 403},
		"a POST of the same site":         {"POST", "/api/example", "", []string{"Sec-Fetch-Site", "same-site"}, false, 403},
		"a POST of another site":          {"POST", "/api/example", "", []string{"Sec-Fetch-Site", "cross-site"}, false, 403},
		"an origin that only begins so": {"POST", "/api/example", "",
			[]string{"Origin", "http://127.0.0.1:" + port + ".attacker.example"}, false, 403},
		"an origin with a user": {"POST", "/api/example", "",
			[]string{"Origin", "http://127.0.0.1:" + port + "@attacker.example"}, false, 403},
		"https":                   {"POST", "/api/example", "", []string{"Origin", "https://127.0.0.1:" + port}, false, 403},
		"a sandboxed frame":       {"POST", "/api/example", "", []string{"Origin", "null"}, false, 403},
		"a sandboxed frame reads": {"GET", "/api/state", "", []string{"Origin", "null"}, false, 403},
		"a script of another site": {"GET", "/studio.js", "",
			[]string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}, true, 403},
		"a frame in another site": {"GET", "/api/state", "",
			[]string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"}, false, 403},
		"no key":                           {"GET", "/api/state", "", nil, true, 401},
		"no key, a change":                 {"POST", "/api/example", "", nil, true, 401},
		"a guessed key":                    {"POST", "/api/example", "", []string{guard.KeyHeader, guess}, true, 401},
		"a guessed token":                  {"POST", "/api/session", "", []string{guard.TokenHeader, guess}, true, 401},
		"no token":                         {"POST", "/api/session", "", nil, true, 401},
		"a token by GET":                   {"GET", "/api/session", "", nil, true, 401},
		"a change by GET":                  {"GET", "/api/example", "", nil, false, 404},
		"a guessed ticket":                 {"GET", "/download/AAAA/portraits.zip", "", nil, true, 404},
		"an invitation without its secret": {"POST", "/invite", "", nil, true, 401},
		"a file outside":                   {"GET", "/..%2f..%2fgo.mod", "", nil, true, 404},
		"a photo outside":                  {"GET", "/api/photos/..%2f..%2fx/photo", "", nil, false, 404},
		"fetching from a URL": {"POST", "/api/photos", "", []string{"Content-Type", "application/json",
			nameHeader, "http%3A%2F%2F169.254.169.254%2F"}, false, 422},
	} {
		t.Run(name, func(t *testing.T) {
			attacker := *v
			if attacker.t = t; attack.anonymous {
				attacker.key = ""
			}
			body := strings.NewReader(`{"url":"http://169.254.169.254/"}`)
			r := attacker.request(attack.method, attack.path, body, attack.headers...)
			if attack.host != "" {
				r.Host = attack.host
			}
			response, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != attack.want {
				t.Errorf("HTTP %d, want %d", response.StatusCode, attack.want)
			}
			if response.Header.Get("Access-Control-Allow-Origin") != "" || len(response.Cookies()) != 0 {
				t.Errorf("%v", response.Header)
			}
		})
	}
	if s := v.state(); len(s.Photos) != 0 {
		t.Errorf("%+v", s.Photos)
	}
}

// TestTokenWorksOnce: whoever finds the address in a history or a list of
// processes comes too late.
func TestTokenWorksOnce(t *testing.T) {
	t.Parallel()
	var address string
	v := open(t, Config{Endpoints: []string{liteServer(t, nil).URL}})
	if err := join(t.Context(), Config{Folder: v.folder, Ready: func(a string) { address = a }}); err != nil {
		t.Fatal(err)
	}
	v.enter(address) // a second tab
	_, token, _ := strings.Cut(address, "/#")
	if status := v.do("POST", "/api/session", nil, nil, guard.TokenHeader, token); status != http.StatusUnauthorized {
		t.Errorf("the second time: %d", status)
	}
}

// TestOnlyTheUserReads: the photos and the file with the secret are private.
func TestOnlyTheUserReads(t *testing.T) {
	t.Parallel()
	v := open(t, Config{Endpoints: []string{liteServer(t, nil).URL}})
	v.drop("anna.jpg", example)
	err := filepath.WalkDir(filepath.Join(v.folder, spool.DirName), func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Stat(path)
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has the mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestPolicies: every answer carries what keeps browsers from making more of it.
func TestPolicies(t *testing.T) {
	t.Parallel()
	v := open(t, Config{Endpoints: []string{liteServer(t, nil).URL}})
	nonces := map[string]bool{}
	for _, path := range []string{"/", "/", "/studio.js", "/api/state", "/api/photos/x/thumb", "/nothing/there"} {
		response, err := http.DefaultClient.Do(v.request("GET", path, nil))
		if err != nil {
			t.Fatal(err)
		}
		var body bytes.Buffer
		_, _ = body.ReadFrom(response.Body)
		response.Body.Close()
		policy := response.Header.Get("Content-Security-Policy")
		for _, part := range strings.Split("default-src frame-ancestors base-uri form-action", " ") {
			part += " 'none'"
			if !strings.Contains(policy, part) {
				t.Errorf("%s: the policy %q lacks %s", path, policy, part)
			}
		}
		for header, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin"} {
			if got := response.Header.Get(header); got != want {
				t.Errorf("%s: %s is %q", path, header, got)
			}
		}
		if _, nonce, found := strings.Cut(policy, "script-src 'nonce-"); found {
			nonce, _, _ = strings.Cut(nonce, "'")
			nonces[nonce] = true
			if !strings.Contains(body.String(), `nonce="`+nonce+`"`) || strings.Contains(body.String(), "{{") {
				t.Errorf("%s does not carry its nonce", path)
			}
		}
	}
	if len(nonces) != 2 {
		t.Errorf("%d different nonces for two pages", len(nonces))
	}
}

// TestHostileNames: no name leads out of the folder, or is anything but text.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	v := open(t, Config{Endpoints: []string{newCounter(t, 0).URL}})
	names := []string{"../../../etc/passwd.jpg", `..\..\boot.jpg`, "/etc/cron.d/x.jpg", "<img src=x onerror=alert(1)>.jpg",
		"a\x00b.jpg", "NUL.jpg", "con", ".bashrc", "anna\u202egpj.exe", strings.Repeat("x", 5000) + ".jpg", "", "...",
		"\n\r\x1b[31m.jpg", ".facecraft-studio/studio.jsonl", "-rf.jpg"}
	for i, name := range names {
		if _, status := v.drop(name, numbered(i)); status != http.StatusCreated {
			t.Errorf("%q: HTTP %d", name, status)
		}
	}
	s := v.until("portraits of all", settled)
	for _, p := range s.Photos {
		if p.State != "done" {
			t.Errorf("%q: %+v", p.Name, p.Problem)
		}
		for _, file := range p.Files {
			if !filepath.IsLocal(file) || strings.HasPrefix(file, ".") || strings.ContainsAny(file, "<>\\\x00\n\x1b") {
				t.Errorf("%q became %q", p.Name, file)
			}
		}
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(v.folder), "etc")); err == nil {
		t.Error("a file outside of the folder")
	}
	status := v.do("POST", "/api/photos", bytes.NewReader(example), nil, nameHeader, "%zz")
	if status != http.StatusBadRequest {
		t.Errorf("a name that is not escaped: HTTP %d", status)
	}
}

// TestHostilePictures: a file that is not a photo is refused, and nothing is left of it.
func TestHostilePictures(t *testing.T) {
	t.Parallel()
	v := open(t, Config{Endpoints: []string{liteServer(t, nil).URL}})
	header := "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\xff\xff\x00\x00\xff\xff\x08\x02\x00\x00\x00"
	bomb := append([]byte(header), make([]byte, 64)...)
	for name, content := range map[string][]byte{
		"empty.jpg": nil, "page.jpg": []byte("<html><script>alert(1)</script>"),
		"drawing.svg": []byte("<svg onload='alert(1)'/>"), "half.jpg": example[:len(example)/2], "bomb.png": bomb,
		"program.jpg": []byte("MZ\x90\x00"), "zeros.jpg": make([]byte, 999),
	} {
		if _, status := v.drop(name, content); status != http.StatusUnprocessableEntity {
			t.Errorf("%s: HTTP %d", name, status)
		}
	}
	copies, err := os.ReadDir(filepath.Join(v.folder, spool.DirName, "photos"))
	if err != nil || len(copies) != 0 || len(v.state().Photos) != 0 {
		t.Errorf("left behind: %v, %v", copies, err)
	}
}
