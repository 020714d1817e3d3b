package remains_test

import (
	"testing"

	"github.com/djok/facecraft/internal/fault"
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
	err := list.Err()
	const what = "interrupted before cleanup finished; these may be left:\n  the container a\n  the volume b"
	if err.Error() != what || fault.HintOf(err) != "remove a && remove b" || fault.CodeOf(err) != fault.Interrupted {
		t.Errorf("got %v, %q, exit code %d", err, fault.HintOf(err), fault.CodeOf(err))
	}
	first()
	third()
	if got := list.Err().Error(); got != "interrupted; nothing was left behind" {
		t.Errorf("got %q", got)
	}
	var none *remains.List
	none.Add("x", "y")()
}
