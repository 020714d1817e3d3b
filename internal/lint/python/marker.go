package python

import (
	"regexp"
	"strings"
)

// Verdict is the result of an environment marker.
type Verdict int

// The verdicts.
const (
	Maybe Verdict = iota
	Yes
	No
)

// linux has the marker variables that are known for a container.
var linux = map[string]string{
	"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix",
	"platform_python_implementation": "CPython", "implementation_name": "cpython",
}

var comparison = regexp.MustCompile(`^\s*([\w.]+|'[^']*'|"[^"]*")` +
	`\s*(==|!=|in|not\s+in|<=|>=|<|>|~=|===)\s*([\w.]+|'[^']*'|"[^"]*")\s*$`)

// Applies evaluates a marker (PEP 508) in a Linux container of an architecture:
// x86_64, aarch64, or "" if unknown.
func (r Requirement) Applies(machine string) Verdict {
	if r.Marker == "" {
		return Yes
	}
	return evaluate(r.Marker, machine)
}

func evaluate(marker, machine string) Verdict {
	marker = strings.TrimSpace(marker)
	if strings.ContainsAny(marker, "()") {
		return Maybe // rare; not worth a parser
	}
	result := No
	for _, alternative := range strings.Split(marker, " or ") {
		all := Yes
		for _, part := range strings.Split(alternative, " and ") {
			all = and(all, compare(part, machine))
		}
		result = or(result, all)
	}
	return result
}

func and(a, b Verdict) Verdict {
	switch {
	case a == No || b == No:
		return No
	case a == Yes && b == Yes:
		return Yes
	}
	return Maybe
}

func or(a, b Verdict) Verdict {
	switch {
	case a == Yes || b == Yes:
		return Yes
	case a == No && b == No:
		return No
	}
	return Maybe
}

func compare(part, machine string) Verdict {
	m := comparison.FindStringSubmatch(part)
	if m == nil {
		return Maybe
	}
	left, leftKnown := value(m[1], machine)
	right, rightKnown := value(m[3], machine)
	if !leftKnown || !rightKnown {
		return Maybe
	}
	equal := left == right
	switch strings.Join(strings.Fields(m[2]), " ") {
	case "==", "===":
		return verdict(equal)
	case "!=":
		return verdict(!equal)
	case "in":
		return verdict(strings.Contains(right, left))
	case "not in":
		return verdict(!strings.Contains(right, left))
	}
	return Maybe
}

func verdict(yes bool) Verdict {
	if yes {
		return Yes
	}
	return No
}

func value(word, machine string) (string, bool) {
	if word[0] == '\'' || word[0] == '"' {
		return word[1 : len(word)-1], true
	}
	if word == "platform_machine" {
		return machine, machine != ""
	}
	known, ok := linux[word]
	return known, ok
}
