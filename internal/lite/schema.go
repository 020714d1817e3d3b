package lite

import (
	_ "embed"
	"net/http"
)

// schema is the OpenAPI schema of the images, except that the descriptions are those
// of the built-in engine and that it includes /readiness.
//
//go:embed openapi.json
var schema []byte

func serveSchema(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, "application/json", schema)
}
