package inventory

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestCache(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new")
	entries := []Entry{{Path: "a", Kind: File, Size: 3, Facts: &Facts{Text: "x"}}}
	o := Options{Cache: Cache(dir)}
	if _, ok := o.Recall([]string{"1"}); ok {
		t.Error("an empty cache knows something")
	}
	o.Remember([]string{"1"}, entries)
	if got, ok := o.Recall([]string{"1"}); !ok || !reflect.DeepEqual(got, entries) {
		t.Errorf("%+v %v", got, ok)
	}
	other := o
	other.Interest.Models = []string{"m"}
	if _, ok := other.Recall([]string{"1"}); ok {
		t.Error("what was not looked for was found")
	}
	files, err := filepath.Glob(dir + "/*")
	if err != nil || len(files) != 1 {
		t.Fatalf("%v %v", files, err)
	}
	if err := os.WriteFile(files[0], []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, ok := o.Recall([]string{"1"}); ok {
		t.Error("a damaged file was taken")
	}
	none := Options{}
	none.Remember([]string{"1"}, entries)
	if _, ok := none.Recall([]string{"1"}); ok {
		t.Error("nothing remembers")
	}
}

func TestHistoryOfADaemon(t *testing.T) {
	t.Parallel()
	inv := Inventory{Layers: make([]Layer, 3)}
	inv.SetHistory([]Measured{{"/bin/sh -c #(nop) ADD file:1 in / ", 50}, {"/bin/sh -c #(nop)  ENV A=b", 0},
		{"WORKDIR /app", 0},
		{"RUN /bin/sh -c true # buildkit", 0}, {"COPY . . # buildkit", 7}}, true)
	if inv.Config.Step(1) != "RUN true" || inv.Config.Step(2) != "COPY . ." || inv.Size() != 57 || len(inv.Notes) > 0 {
		t.Errorf("%+v %+v", inv.Config.History, inv.Layers)
	}
	flat := Inventory{Layers: []Layer{{Size: UnknownSize}, {Size: UnknownSize}}}
	flat.SetHistory([]Measured{{"ENV A=b", 0}}, true)
	if flat.Size() != UnknownSize || len(flat.Notes) != 1 {
		t.Errorf("%+v", flat)
	}
}
