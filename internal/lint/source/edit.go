package source

import (
	"cmp"
	"slices"
)

// Edit replaces the bytes between two offsets.
type Edit struct {
	File     string
	From, To int
	New      string
}

// Apply applies the edits of one file. Edits that overlap an earlier one are left
// out, and left counts them; identical edits count once.
func Apply(data []byte, edits []Edit) (result []byte, left int) {
	edits = slices.Clone(edits)
	slices.SortStableFunc(edits, func(a, b Edit) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	edits = slices.Compact(edits)
	at := 0
	for _, edit := range edits {
		if edit.From < at || edit.To < edit.From || edit.To > len(data) {
			left++
			continue
		}
		result = append(append(result, data[at:edit.From]...), edit.New...)
		at = edit.To
	}
	return append(result, data[at:]...), left
}
