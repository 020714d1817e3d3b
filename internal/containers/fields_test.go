package containers

import (
	"encoding/json"
	"testing"

	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/plantest"
)

// TestFieldsRendered fails for a new field of the plan until someone decides
// how the container uses it.
func TestFieldsRendered(t *testing.T) {
	t.Parallel()
	const informs = "it only informs people; the container does not use it"
	p := plantest.Make(t, plantest.Laptop(), plan.Request{})
	plantest.Rendered(t, p, func(p plan.Plan) string {
		config, host, platform := Spec(p.First(), map[string]string{}, "v1")
		data, err := json.Marshal([]any{p.First().Name, config, host, platform})
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}, map[string]string{
		"Needs.StartSeconds": informs, "Needs.UnpackedSize": informs, "Needs.Memory": informs,
		"Reasons": informs, "Warnings": informs, "Settings": informs,
		"Image.BuiltIn": "the image is created before the container",
		"KeyFile":       "it is copied into the container before that starts",
	})
}
