package helpercmd

import "io/fs"

// owner is empty: Windows has no uids.
func owner(fs.FileInfo) string { return "" }
