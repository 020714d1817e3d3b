package remains_test

import (
	"slices"
	"testing"

	"github.com/djok/facecraft/internal/remains"
)

func TestList(t *testing.T) {
	t.Parallel()
	var list remains.List
	first := list.Add("the container a", "remove a")
	// Equal items are separate: each is done on its own.
	second := list.Add("the container a", "remove a")
	third := list.Add("the volume b", "remove b")
	second()
	second()
	want := []remains.Item{{"the container a", "remove a"}, {"the volume b", "remove b"}}
	if got := list.Items(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	first()
	third()
	if got := list.Items(); got != nil {
		t.Errorf("got %v, want nothing", got)
	}
	var none *remains.List
	none.Add("x", "y")()
	if got := none.Items(); got != nil {
		t.Errorf("got %v, want nothing", got)
	}
}
