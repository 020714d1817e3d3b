// Package catalogue is the data about the images: which variants there are and
// what each needs, with the source of every number.
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

// Load reads the catalogue that this program carries.
func Load() (plan.Catalogue, error) { return Parse(embedded) }

// Parse reads a catalogue in the form of the embedded one.
func Parse(data []byte) (plan.Catalogue, error) {
	var c plan.Catalogue
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&c); err != nil {
		return c, fmt.Errorf("catalogue: %w", err)
	}
	return c, nil
}
