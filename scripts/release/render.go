package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/djok/facecraft/internal/upgrade"
)

// render fills in a template with values and the checksums of the archives.
func render(source, out, checksums string, assignments []string) error {
	data, err := os.ReadFile(checksums)
	if err != nil {
		return err
	}
	sums := upgrade.ParseChecksums(string(data))
	values := map[string]string{}
	for _, assignment := range assignments {
		name, value, ok := strings.Cut(assignment, "=")
		if !ok {
			return fmt.Errorf("%q is not NAME=VALUE", assignment)
		}
		values[name] = value
	}
	functions := template.FuncMap{"sha256": func(file string) (string, error) {
		sum, ok := sums[file]
		if !ok {
			return "", fmt.Errorf("%s has no entry for %s", checksums, file)
		}
		return sum, nil
	}}
	text, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	parsed, err := template.New(filepath.Base(source)).Option("missingkey=error").Funcs(functions).Parse(string(text))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	var rendered strings.Builder
	if err := parsed.Execute(&rendered, values); err != nil {
		return err
	}
	return os.WriteFile(out, []byte(rendered.String()), 0o644)
}
