package lite

import (
	"encoding/json"
	"os"
	"testing"
)

func readSchema(name string) object {
	data, err := os.ReadFile(name)
	if err != nil {
		panic(err)
	}
	var schema object
	if err := json.Unmarshal(data, &schema); err != nil {
		panic(err)
	}
	return schema
}

func TestOrderedKeepsTheOrder(t *testing.T) {
	t.Parallel()
	var o ordered[int]
	if err := json.Unmarshal([]byte(`{"b":1,"a":2,"c":3}`), &o); err != nil {
		t.Fatal(err)
	}
	want := []member[int]{{"b", 1}, {"a", 2}, {"c", 3}}
	for i := range want {
		if o[i] != want[i] {
			t.Errorf("member %d: %v, want %v", i, o[i], want[i])
		}
	}
	if err := json.Unmarshal([]byte(`[1]`), &o); err == nil {
		t.Error("a list was read as an object")
	}
}
