package carry

import (
	"bufio"
	"bytes"
	"io"
)

// compressions are what archives are packed with, by how such files begin.
var compressions = []struct{ with, begins string }{
	{"gzip", "\x1f\x8b"}, {"zstd", "\x28\xb5\x2f\xfd"}, {"xz", "\xfd7zXZ\x00"}, {"bzip2", "BZh"},
}

// compression tells what a file is packed with, or "".
func compression(r *bufio.Reader) string {
	head, _ := r.Peek(6) // a shorter file is found out later
	for _, c := range compressions {
		if bytes.HasPrefix(head, []byte(c.begins)) {
			return c.with
		}
	}
	return ""
}

// archiveEnd is how many bytes of zeros end an archive: two blocks. They tell
// one that is whole from one that was cut between two entries.
const archiveEnd = 2 * 512

// trailing counts the zeros at the end of what was read.
type trailing struct {
	io.Reader
	zeros int
}

func (t *trailing) Read(p []byte) (int, error) {
	n, err := t.Reader.Read(p)
	content := len(bytes.TrimRight(p[:n], "\x00"))
	if content > 0 {
		t.zeros = 0
	}
	t.zeros += n - content
	return n, err
}
