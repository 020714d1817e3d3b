package yamltree

import (
	"testing"

	"github.com/djok/facecraft/internal/lint/source"
)

func TestGet(t *testing.T) {
	root, err := Parse([]byte("x: &x\n  image: a\ny:\n  <<: *x\n  other: 'b'\nz:\n  <<: [*x, {more: c}]\nw: *x\n"))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[[2]string]string{{"y", "image"}: "a", {"z", "image"}: "a", {"z", "more"}: "c",
		{"w", "image"}: "a", {"y", "none"}: ""} {
		if got := Text(Get(Get(root, path[0]), path[1])); got != want {
			t.Errorf("%v: %q, want %q", path, got, want)
		}
	}
	f := source.New("f", []byte("x: &x\n  image: a\ny:\n  <<: *x\n  other: 'b'\n"))
	if at := Location(f, Get(Get(root, "y"), "other")); at.Line != 5 || at.Column != 10 || at.End != 13 {
		t.Errorf("%+v", at)
	}
}

func FuzzGet(f *testing.F) {
	f.Add([]byte("a: &a {<<: *a}\nb: [*a]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		root, err := Parse(data)
		if err != nil || root == nil {
			return
		}
		file := source.New("f", data)
		for _, pair := range Pairs(root) {
			Get(pair.Value, "x")
			Location(file, pair.Value)
		}
	})
}
