// Package pagestyle is the look that all pages of this program share: its
// colours, light and dark, its fonts, and the slider between two pictures. Each
// page includes it, so that a page stays one file.
package pagestyle

import (
	_ "embed"
	"html/template"
)

// CSS goes first into the page's style element.
//
//go:embed style.css
var CSS template.CSS
