package verify_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/djok/facecraft/internal/inventory"
	"github.com/djok/facecraft/internal/verify"
)

// TestSchema holds reports of all kinds to what docs promises.
func TestSchema(t *testing.T) {
	t.Parallel()
	schema, err := jsonschema.NewCompiler().Compile("../../docs/verify.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	reports := map[string]verify.Report{"sound": sound(t, "gpu").judge(t)}
	for _, f := range faults {
		i := sound(t, map[bool]string{true: "gpu", false: "cpu"}[f.variant == "gpu"])
		f.change(i)
		reports[f.id+" "+f.name] = i.judge(t)
	}
	shallow := sound(t, "cpu")
	shallow.Depth, shallow.seen = inventory.ConfigDepth, verify.Observations{}
	r := shallow.judge(t)
	r.Against, r.Notes = r.Compare(reports["sound"]), []string{"a note"}
	reports["config"] = r
	for name, r := range reports {
		data, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(document); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
