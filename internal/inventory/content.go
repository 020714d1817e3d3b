package inventory

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"os"
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"

	"github.com/djok/facecraft/internal/secret"
)

// Secret is a secret found in a file, masked.
type Secret = secret.Hit

// bufferSize is the size of one read, in bytes.
const bufferSize = 256 << 10

// examiner reads files one at a time and keeps what is wanted from each.
type examiner struct {
	interest Interest
	buffer   []byte
	sum      *xxhash.Digest
}

func newExaminer(interest Interest) *examiner {
	return &examiner{interest: interest, buffer: make([]byte, bufferSize), sum: xxhash.New()}
}

// examineFile is like examine, for a file that allows random access: if only the
// dependencies of a library matter, it is not read to its end.
func (x *examiner) examineFile(e *Entry, file *os.File, whole bool) error {
	want := x.interest.of(e.Path, e.Size)
	if whole || want != (wants{elf: true}) {
		return x.examine(e, file)
	}
	facts := Facts{}
	facts.Needed, facts.RunPath, _ = libraries(file) // other files have no dependencies
	if !facts.empty() {
		e.Facts = &facts
	}
	return nil
}

// examine reads a file's content to its end and fills in the entry.
func (x *examiner) examine(e *Entry, content io.Reader) error {
	want := x.interest.of(e.Path, e.Size)
	x.sum.Reset()
	takers := []io.Writer{x.sum}
	var sha hash.Hash
	var kept bytes.Buffer
	var elf *window
	if want.sha256 {
		sha = sha256.New()
		takers = append(takers, sha, &limited{&kept, headSize})
	} else if want.text || want.secrets {
		takers = append(takers, &limited{&kept, maxDatabase})
	}
	if want.elf {
		elf = newWindow(e.Size)
		takers = append(takers, elf)
	}
	if _, err := io.CopyBuffer(onlyWriter{io.MultiWriter(takers...)}, onlyReader{content}, x.buffer); err != nil {
		return err
	}
	e.Sum = max(1, x.sum.Sum64()) // zero means unknown
	facts := Facts{}
	if sha != nil {
		facts.SHA256, facts.Head = hex.EncodeToString(sha.Sum(nil)), bytes.Clone(kept.Bytes())
	}
	facts.take(want, kept.Bytes())
	if elf != nil {
		facts.Needed, facts.RunPath, _ = libraries(elf) // other files have no dependencies
	}
	if !facts.empty() {
		e.Facts = &facts
	}
	return nil
}

// take keeps the text, or the secrets found in it.
func (f *Facts) take(want wants, content []byte) {
	switch {
	case want.sha256, !want.text && !want.secrets, !isText(content):
		return
	case want.text:
		f.Text = string(content)
	}
	if want.secrets {
		f.Secrets = secret.Find(string(content))
	}
}

func isText(content []byte) bool {
	return utf8.Valid(content) && !bytes.ContainsRune(content, 0)
}

func (f *Facts) empty() bool {
	return f.SHA256 == "" && f.Text == "" && len(f.Needed) == 0 && len(f.RunPath) == 0 && len(f.Secrets) == 0
}

// limited keeps the first bytes.
type limited struct {
	buffer *bytes.Buffer
	limit  int
}

func (l *limited) Write(p []byte) (int, error) {
	l.buffer.Write(p[:max(0, min(len(p), l.limit-l.buffer.Len()))])
	return len(p), nil
}

// onlyReader and onlyWriter hide ReadFrom and WriteTo from io.Copy, which would
// otherwise ignore the shared buffer.
type (
	onlyReader struct{ io.Reader }
	onlyWriter struct{ io.Writer }
)
