package apikey

import (
	"fmt"
	"os"
	"strings"

	"github.com/djok/facecraft/internal/fault"
)

// Key is one API key. Its name appears in logs, its value does not.
type Key struct{ Name, Value string }

// Parse reads keys: one per line, alone or after its name and a space. Lines that
// begin with # are comments. An error never quotes a line.
func Parse(text string) ([]Key, error) {
	var keys []Key
	n := 0
	for line := range strings.Lines(text) {
		n++
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0 || strings.HasPrefix(fields[0], "#"):
		case len(fields) == 1:
			keys = append(keys, Key{fmt.Sprintf("key%d", len(keys)+1), fields[0]})
		case len(fields) == 2:
			keys = append(keys, Key{fields[0], fields[1]})
		default:
			return nil, fault.New(fault.Usage, "write NAME KEY, or KEY alone", "line %d has more than a name and an API key", n)
		}
	}
	if len(keys) == 0 {
		return nil, fault.New(fault.Usage, "write one a line: NAME KEY, or KEY alone", "there is no API key in it")
	}
	return keys, nil
}

// First returns the first key's value, or "" if there is none.
func First(text string) string {
	keys, err := Parse(text)
	if err != nil {
		return ""
	}
	return keys[0].Value
}

// ReadFile reads and checks a file of keys.
func ReadFile(path string) (text string, keys []Key, err error) {
	info, err := os.Stat(path)
	if err == nil && info.Size() > MaxFile {
		return "", nil, fault.New(fault.Usage, "name a file with one key a line",
			"%s is too large for a file of API keys", path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", nil, fault.Wrap(fault.Usage, err, "check its name", "cannot read the API keys")
	}
	if keys, err = Parse(string(data)); err != nil {
		return "", nil, fault.Wrap(fault.Usage, err, fault.HintOf(err), "the file of API keys %s is not valid", path)
	}
	return string(data), keys, nil
}
