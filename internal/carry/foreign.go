package carry

import (
	"bufio"
	"bytes"
	"io"
)

// compressions are the compression formats, by magic bytes.
var compressions = []struct{ with, begins string }{
	{"gzip", "\x1f\x8b"}, {"zstd", "\x28\xb5\x2f\xfd"}, {"xz", "\xfd7zXZ\x00"}, {"bzip2", "BZh"},
}

// compression returns a file's compression format, or "".
func compression(r *bufio.Reader) string {
	head, _ := r.Peek(6) // a shorter file is detected later
	for _, c := range compressions {
		if bytes.HasPrefix(head, []byte(c.begins)) {
			return c.with
		}
	}
	return ""
}

// archiveEnd is how many zero bytes end an archive: two blocks. They
// distinguish a complete archive from one truncated between two entries.
const archiveEnd = 2 * 512

// trailing counts the zeros at the end of the data read.
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
