// Package secret finds passwords, keys and tokens by what they are, not by
// what they are called, and never shows one whole.
package secret

import (
	"math"
	"regexp"
	"slices"
	"strings"
)

// Hit is a secret that was found.
type Hit struct {
	Kind  string // what it is, as "Docker Hub access token"
	Shown string // at most four of its characters
	Line  int    // from 1 on
}

type rule struct {
	kind    string
	words   []string       // one of which every match contains
	pattern *regexp.Regexp // its first group is the secret
}

// matches are the places of the secrets. The words come first: a search for
// them is a hundred times as fast as a regular expression, and an image has
// tens of thousands of files.
func (r rule) matches(text string) [][]int {
	if !slices.ContainsFunc(r.words, func(word string) bool { return strings.Contains(text, word) }) {
		return nil
	}
	return r.pattern.FindAllStringSubmatchIndex(text, -1)
}

// rules are values that say themselves what they are.
var rules = []rule{
	{"Docker Hub access token", []string{"dckr_pat_"}, regexp.MustCompile(`\b(dckr_pat_[\w-]{27})`)},
	{"GitHub token", []string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"},
		regexp.MustCompile(`\b(gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{60,})`)},
	{"GitLab token", []string{"glpat-"}, regexp.MustCompile(`\b(glpat-[\w-]{20,})`)},
	{"AWS access key", []string{"AKIA", "ASIA"}, regexp.MustCompile(`\b((?:AKIA|ASIA)[A-Z0-9]{16})\b`)},
	{"Hugging Face token", []string{"hf_"}, regexp.MustCompile(`\b(hf_[A-Za-z0-9]{34,})`)},
	{"PyPI token", []string{"pypi-AgE"}, regexp.MustCompile(`\b(pypi-AgE[\w-]{50,})`)},
	{"Slack token", []string{"xox"}, regexp.MustCompile(`\b(xox[abprs]-[\w-]{20,})`)},
	{"Google API key", []string{"AIza"}, regexp.MustCompile(`\b(AIza[\w-]{35})`)},
	{"private key", []string{"PRIVATE KEY-----"},
		regexp.MustCompile(`(-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----)\s*\n[A-Za-z0-9+/=:,\- \n]{60,}`)},
	{"password in an address", []string{"://"},
		regexp.MustCompile(`\b[a-z][a-z0-9+.-]*://[^\s/:@"'$<{]+:([^\s/:@"'$<{%*]{4,})@`)},
}

// assignment is a setting whose name speaks of a secret; its value decides.
var assignment = regexp.MustCompile(
	`(?i)\b([a-z0-9_.-]*(?:api_?key|secret|token|passwd|password|credential)[a-z0-9_]*)["']?\s*[=:]\s*` +
		`["']?([^\s"',;]{8,})`)

// settings are names that assignment looks for, in lower case.
var settings = []string{"apikey", "api_key", "secret", "token", "passwd", "password", "credential"}

// assignments are the places of settings whose names speak of a secret.
func assignments(text string) [][]int {
	lower := strings.ToLower(text)
	if !slices.ContainsFunc(settings, func(word string) bool { return strings.Contains(lower, word) }) {
		return nil
	}
	return assignment.FindAllStringSubmatchIndex(text, -1)
}

// Find lists the secrets of a text.
func Find(text string) []Hit {
	var hits []Hit
	for _, r := range rules {
		for _, at := range r.matches(text) {
			if value := text[at[2]:at[3]]; !placeholder(value) {
				hits = append(hits, Hit{r.kind, mask(r.kind, value), lineOf(text, at[2])})
			}
		}
	}
	for _, at := range assignments(text) {
		name, value := text[at[2]:at[3]], text[at[4]:at[5]]
		line := lineOf(text, at[4])
		if Random(value) && !harmless(name) && !slices.ContainsFunc(hits, func(h Hit) bool { return h.Line == line }) {
			hits = append(hits, Hit{"value of " + name, mask("", value), line})
		}
	}
	return hits
}

// harmless are names that look like those of secrets and are public: Python's
// images name the key that signs their releases, builds name checksums.
func harmless(name string) bool {
	upper := strings.ToUpper(name)
	return upper == "GPG_KEY" || strings.HasSuffix(upper, "_SHA256") || strings.HasSuffix(upper, "_FILE") ||
		strings.HasSuffix(upper, "_PATH")
}

// placeholder tells an example from a value.
func placeholder(value string) bool {
	lower := strings.ToLower(value)
	for _, word := range []string{"example", "changeme", "change-me", "placeholder", "your", "xxxx", "0000", "1234",
		"dummy", "<", "${", "$(", "{{", "password", "test"} {
		if strings.Contains(lower, word) {
			return true
		}
	}
	return false
}

// bitsPerCharacter is what random letters and digits have at least in values
// of this length; words have less than 3.
const bitsPerCharacter = 3.2

// Random tells whether a value looks made by a generator: long, of several
// kinds of characters, and hardly repeating itself.
func Random(value string) bool {
	if len(value) < 16 || placeholder(value) || strings.ContainsAny(value, "/\\()[]{}<>$ ") {
		return false
	}
	digits := strings.IndexFunc(value, func(r rune) bool { return r >= '0' && r <= '9' }) >= 0
	letters := strings.IndexFunc(value, func(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }) >= 0
	return digits && letters && entropy(value) >= bitsPerCharacter
}

func entropy(value string) float64 {
	counts := map[rune]int{}
	for _, r := range value {
		counts[r]++
	}
	var bits float64
	for _, n := range counts {
		p := float64(n) / float64(len(value))
		bits -= p * math.Log2(p)
	}
	return bits
}

// mask shows what tells one secret from another, and no more: of a private key
// nothing.
func mask(kind, value string) string {
	if kind == "private key" {
		return "…"
	}
	return Beginning(value)
}

// Beginning is what is shown of a secret: at most a quarter of it, and four
// bytes.
func Beginning(value string) string { return value[:min(4, len(value)/4)] + "…" }

// Mask is a text in which no secret can be read.
func Mask(text string) string {
	for _, r := range rules {
		text = maskAll(text, r.matches(text), 1, func(string) bool { return true })
	}
	return maskAll(text, assignments(text), 2, Random)
}

func maskAll(text string, matches [][]int, group int, secret func(string) bool) string {
	var b strings.Builder
	last := 0
	for _, at := range matches {
		from, to := at[2*group], at[2*group+1]
		if value := text[from:to]; secret(value) {
			b.WriteString(text[last:from] + mask("", value))
			last = to
		}
	}
	b.WriteString(text[last:])
	return b.String()
}

func lineOf(text string, at int) int { return strings.Count(text[:at], "\n") + 1 }
