// Package catalogue holds the data about the images: the variants and what each
// needs, with a source for every number.
package catalogue

import (
	"bytes"
	_ "embed"
	"fmt"
	"os"

	"go.yaml.in/yaml/v3"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/plan"
)

//go:embed catalogue.yaml
var embedded []byte

// Load reads the embedded catalogue.
func Load() (plan.Catalogue, error) { return Parse(embedded) }

// Read reads a file in the format of the embedded catalogue, or the embedded
// one if no file is named.
func Read(file string) (plan.Catalogue, error) {
	if file == "" {
		return Load()
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return plan.Catalogue{}, fault.Wrap(fault.Usage, err, "check its name", "the catalogue cannot be read")
	}
	c, err := Parse(data)
	if err != nil {
		return c, fault.Wrap(fault.Usage, err, "write it as internal/catalogue/catalogue.yaml is written",
			"%s cannot be used", file)
	}
	return c, nil
}

// Parse reads a catalogue in the format of the embedded one.
func Parse(data []byte) (plan.Catalogue, error) {
	var c plan.Catalogue
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&c); err != nil {
		return c, fmt.Errorf("catalogue: %w", err)
	}
	return c, nil
}
