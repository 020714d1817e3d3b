package flagset

// Words is a flag that can be repeated. Unlike the library's own type, it keeps
// commas, which variables' values may contain.
type Words []string

// Set adds a word.
func (w *Words) Set(word string) error { *w = append(*w, word); return nil }

// String is empty: there is no default to show.
func (w *Words) String() string { return "" }
