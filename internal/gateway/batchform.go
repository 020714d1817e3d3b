package gateway

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"path"
	"regexp"
	"strings"
	"time"
)

const (
	processRoute = "/api/v1/process"
	// maxBatch is how many photos a batch may have (FACECRAFT_BATCH_MAX_FILES).
	maxBatch = 50
	// The whole batch is kept in memory, because fields may follow photos. It may be
	// as large as batchPhotos of the largest photos.
	batchPhotos = 4
)

// batchForm is a received batch.
type batchForm struct {
	photos []*batchPhoto
	fields [][2]string
	bytes  int64
}

// batchPhoto is a photo with the client's name for it, for the response.
type batchPhoto struct {
	name string
	body *spool
}

func (p *batchPhoto) release() {
	if p.body != nil {
		p.body.release()
		p.body = nil
	}
}

// receiveBatch reads a batch; one at a time, to limit memory. Call done after the
// response.
func (g *Gateway) receiveBatch(w http.ResponseWriter, r *http.Request) (form *batchForm, done func(), err error) {
	limit := batchPhotos * g.cfg.MaxUpload
	if r.ContentLength > limit {
		return nil, nil, g.errBatchTooLarge()
	}
	select {
	case g.batches <- struct{}{}:
	case <-r.Context().Done():
		return nil, nil, r.Context().Err()
	}
	form = &batchForm{}
	done = func() {
		form.release()
		<-g.batches
	}
	size := r.ContentLength
	if size < 0 {
		size = limit
	}
	connection := http.NewResponseController(w)
	_ = connection.SetWriteDeadline(time.Time{}) // unsupported in tests only
	_ = connection.SetReadDeadline(time.Now().Add(g.allowance(size)))
	err = form.read(r, limit, g.cfg.MaxUpload)
	_ = connection.SetReadDeadline(time.Time{})
	noteOf(r).received = form.bytes
	var large *http.MaxBytesError
	if errors.As(err, &large) && large.Limit == limit {
		err = g.errBatchTooLarge()
	}
	if err != nil {
		done()
		return nil, nil, err
	}
	return form, done, nil
}

func (f *batchForm) release() {
	for _, p := range f.photos {
		p.release()
	}
}

// read reads a request of at most limit bytes. A body that is not a form counts as an
// empty form, as in the images.
func (f *batchForm) read(r *http.Request, limit, photoLimit int64) error {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return nil
	}
	if params["boundary"] == "" {
		return errBroken
	}
	body := &counted{Reader: http.MaxBytesReader(nil, r.Body, limit)}
	defer func() { f.bytes = body.n }()
	parts := multipart.NewReader(body, params["boundary"])
	for {
		part, err := parts.NextPart()
		if err == io.EOF { // not errors.Is: a wrapped io.EOF means a truncated body
			return nil
		}
		if err == nil {
			err = f.add(part, photoLimit)
		}
		if err != nil {
			return err
		}
	}
}

// counted counts the bytes that are read.
type counted struct {
	io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

// add reads a part of the form.
func (f *batchForm) add(part *multipart.Part, photoLimit int64) error {
	_, params, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	if err != nil {
		return errBroken
	}
	content := newSpool()
	name, isFile := params["filename"]
	if isFile && params["name"] == "files" {
		f.photos = append(f.photos, &batchPhoto{name, content})
		if len(f.photos) > maxBatch {
			return errTooMany
		}
		return content.fill(part, photoLimit)
	}
	defer content.release()
	if err := content.fill(part, formBytes); err != nil {
		return err
	}
	f.fields = append(f.fields, [2]string{params["name"], string(content.bytes())})
	return nil
}

// extension matches extensions of photos. The name itself could be a path, which the
// images would follow.
var extension = regexp.MustCompile(`^\.[0-9A-Za-z]{1,8}$`)

// encode writes a form with one photo, or none, for a server. It leaves out
// return_base64, because a batch's response has no field for the data.
func (f *batchForm) encode(header http.Header, photo *batchPhoto) (body *spool, passed http.Header) {
	reader, writer := io.Pipe()
	form := multipart.NewWriter(writer)
	go func() { _ = writer.CloseWithError(f.write(form, photo)) }()
	body = newSpool()
	_ = body.fill(reader, maxAnswer) // memory to memory; limits were checked earlier
	passed = forwarded(header)
	passed.Del("Content-Length")
	passed.Set("Content-Type", form.FormDataContentType())
	return body, passed
}

func (f *batchForm) write(form *multipart.Writer, photo *batchPhoto) error {
	for _, field := range f.fields {
		if photo != nil && field[0] == "return_base64" {
			continue
		}
		if err := form.WriteField(field[0], field[1]); err != nil {
			return err
		}
	}
	if photo != nil {
		part, err := form.CreateFormFile("file", safeName(photo.name))
		if err != nil {
			return err
		}
		if err := photo.body.writeTo(part); err != nil {
			return err
		}
	}
	return form.Close()
}

// safeName keeps the extension of a file name, from which servers take the format.
func safeName(name string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	if name == "." || name == "/" || name == "" {
		return ""
	}
	ext := path.Ext(name)
	if ext == name || !extension.MatchString(ext) {
		return "photo"
	}
	return "photo" + ext
}
