package api

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"sync"
)

// form is a multipart body that reads the photo from disk as it is sent.
type form struct {
	head, tail  []byte
	photo       *watchedReader
	contentType string
}

func newForm(u Upload, o Options) (*form, error) {
	var buffer bytes.Buffer
	w := multipart.NewWriter(&buffer)
	for _, field := range o.fields() {
		if err := w.WriteField(field[0], field[1]); err != nil {
			return nil, err
		}
	}
	if _, err := w.CreateFormFile("file", u.Name); err != nil {
		return nil, err
	}
	head := bytes.Clone(buffer.Bytes())
	buffer.Reset()
	if err := w.Close(); err != nil {
		return nil, err
	}
	photo := &watchedReader{reader: io.NewSectionReader(u.Content, 0, u.Size), left: u.Size}
	return &form{head, buffer.Bytes(), photo, w.FormDataContentType()}, nil
}

func (f *form) body() io.Reader {
	return io.MultiReader(bytes.NewReader(f.head), f.photo, bytes.NewReader(f.tail))
}

func (f *form) length() int64 { return int64(len(f.head)) + f.photo.left + int64(len(f.tail)) }

// watchedReader remembers its error, to tell disk errors from server errors.
// The transport may still be reading after an early response.
type watchedReader struct {
	reader io.Reader
	left   int64
	end    func() // called once everything has been read

	mu  sync.Mutex
	err error
}

func (w *watchedReader) Read(p []byte) (int, error) {
	n, err := w.reader.Read(p)
	if w.left -= int64(n); w.left == 0 && n > 0 && w.end != nil {
		w.end()
	}
	if errors.Is(err, io.EOF) && w.left > 0 {
		err = errors.New("it became shorter during the upload")
	}
	if err != nil && !errors.Is(err, io.EOF) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.err = err
	}
	return n, err
}

func (w *watchedReader) failure() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}
