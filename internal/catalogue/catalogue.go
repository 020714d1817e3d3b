// Package catalogue holds the data about the images: the variants and what each
// needs, with a source for every number.
package catalogue

import (
	"bytes"
	_ "embed"
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/djok/facecraft/internal/plan"
)

//go:embed catalogue.yaml
var embedded []byte

// Load reads the embedded catalogue.
func Load() (plan.Catalogue, error) { return Parse(embedded) }

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
