package lite

import (
	_ "embed"
	"net/http"
)

// schema is the contract's, the same in meaning except that its
// descriptions are the lite engine's and that it has /readiness.
//
//go:embed openapi.json
var schema []byte

func serveSchema(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, "application/json", schema)
}
