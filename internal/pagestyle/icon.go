package pagestyle

import _ "embed"

// Icon is the program's icon as SVG, and IconPNG the same one with 256×256
// pixels, as Chromium draws it.
var (
	//go:embed icon.svg
	Icon []byte
	//go:embed icon.png
	IconPNG []byte
)
