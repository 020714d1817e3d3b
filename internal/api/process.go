package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"sync"
)

// Upload is a photo on its way to a server.
type Upload struct {
	// Name must be harmless: the server joins it into a path, and reads the
	// format from its extension.
	Name    string
	Content io.ReaderAt
	Size    int64 // in bytes
	// Sent is called when the whole photo is on its way, if not nil.
	Sent func()
}

// Processed is a portrait that waits on the server for its download.
type Processed struct {
	Job   string
	Faces int
	// Note says why a server that removes backgrounds kept this one; empty
	// where it did not, or does not tell.
	Note string
}

type processAnswer struct {
	Success bool   `json:"success"`
	Job     string `json:"job_id"`
	Result  struct {
		Faces int    `json:"face_count"`
		Note  string `json:"background_note"`
	} `json:"result"`
	Error        string `json:"error"`
	ErrorMessage string `json:"error_message"`
}

// Process uploads one photo, which is read from where it lies and never held
// as a whole. The job is named also after a refusal, when there is something
// to delete.
func (c *Client) Process(ctx context.Context, u Upload, o Options) (Processed, error) {
	ctx, cancel := context.WithTimeout(ctx, c.processTimeout)
	defer cancel()
	var flow flow
	flow.active.Store(true)
	ctx, unguard := c.guard(ctx, &flow, "the upload")
	defer unguard()
	form, err := newForm(u, o)
	if err != nil {
		return Processed{}, err
	}
	work := work{client: c, told: u.Sent}
	form.photo.end = work.begin
	response, err := c.upload(ctx, form, &flow)
	work.end()
	if err != nil {
		return Processed{}, because(ctx, err)
	}
	defer response.Body.Close()
	response.Body = struct {
		io.Reader
		io.Closer
	}{flow.reader(response.Body), response.Body}
	if response.StatusCode != http.StatusOK {
		return Processed{}, because(ctx, c.refusal(response))
	}
	var answer processAnswer
	if err := decode(response, &answer); err != nil {
		return Processed{}, because(ctx, err)
	}
	if !jobID.MatchString(answer.Job) {
		return Processed{}, impossibleJob(answer.Job)
	}
	done := Processed{Job: answer.Job, Faces: answer.Result.Faces, Note: answer.Result.Note}
	if !answer.Success {
		return done, failure(answer)
	}
	return done, nil
}

// upload sends a form and returns when the server answers.
func (c *Client) upload(ctx context.Context, form *form, flow *flow) (*http.Response, error) {
	request, err := c.request(ctx, http.MethodPost, "/api/v1/process", flow.reader(form.body()))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", form.contentType)
	request.ContentLength = form.length()
	response, err := c.http.Do(request)
	if broken := form.photo.failure(); err != nil && broken != nil {
		return nil, &Unreadable{broken}
	}
	return response, err
}

// work is what a server does between a photo's last byte and its answer.
type work struct {
	client *Client
	told   func()

	mu           sync.Mutex
	begun, ended bool
}

// begin is called when the photo is on its way. The transport may do so after
// an early answer.
func (w *work) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.begun || w.ended {
		return
	}
	w.begun = true
	w.client.working.Add(1)
	if w.told != nil {
		w.told()
	}
}

func (w *work) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	if w.begun {
		w.client.working.Add(-1)
	}
}

// failure tells a photo's fault from a server's that was caught on its way:
// the contract has one form for both.
func failure(answer processAnswer) error {
	if strings.Contains(strings.ToLower(answer.Error), "out of memory") { // torch's and OpenCV's words
		return &Failed{Status: http.StatusOK, Detail: answer.Error}
	}
	return &Rejected{Code: answer.Error, Message: answer.ErrorMessage}
}

// form is a multipart body whose photo stays on the disk.
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

// watchedReader remembers its error, to tell the disk's fault from the
// server's. The transport may still read when an early answer is here.
type watchedReader struct {
	reader io.Reader
	left   int64
	end    func() // is called when all was read

	mu  sync.Mutex
	err error
}

func (w *watchedReader) Read(p []byte) (int, error) {
	n, err := w.reader.Read(p)
	if w.left -= int64(n); w.left == 0 && n > 0 && w.end != nil {
		w.end()
	}
	if errors.Is(err, io.EOF) && w.left > 0 {
		err = errors.New("it became shorter meanwhile")
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

// signatures are how the pictures that are downloaded begin, trailers how
// they end.
var (
	signatures = map[string]string{"png": "\x89PNG\r\n\x1a\n", "jpg": "\xff\xd8\xff"}
	trailers   = map[string]string{"png": "IEND\xaeB`\x82", "jpg": "\xff\xd9"}
)

// Download writes a job's picture ("png" or "jpg") to w. What is no whole
// picture of that kind is an error.
func (c *Client) Download(ctx context.Context, w io.Writer, job, format string) error {
	ctx, cancel := context.WithTimeout(ctx, c.downloadTimeout)
	defer cancel()
	var flow flow
	ctx, unguard := c.guard(ctx, &flow, "the download")
	defer unguard()
	response, err := c.do(ctx, http.MethodGet, "/api/v1/download/"+job+"/"+format)
	if err != nil {
		return err
	}
	flow.active.Store(true) // before, the server may be busy with a photo
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound: // the server was restarted, or cleaned up
		return &Failed{Status: http.StatusNotFound, Detail: "the result is gone"}
	default:
		return c.refusal(response)
	}
	ends := &endsWriter{w: w}
	body := &answerReader{reader: flow.reader(io.LimitReader(response.Body, maxImage+1))}
	n, err := io.Copy(ends, body)
	switch {
	case body.err != nil:
		return because(ctx, &brokenOff{body.err})
	case err != nil:
		return err
	case n > maxImage:
		return &Failed{Detail: fmt.Sprintf("a picture of more than %d MB", maxImage>>20)}
	case !strings.HasPrefix(string(ends.first), signatures[format]) || !strings.HasSuffix(string(ends.last), trailers[format]):
		return &Failed{Detail: "something that is no whole " + strings.ToUpper(format)}
	}
	return nil
}

// answerReader remembers its error, to tell the server's fault from the
// disk's.
type answerReader struct {
	reader io.Reader
	err    error
}

func (a *answerReader) Read(p []byte) (int, error) {
	n, err := a.reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		a.err = err
	}
	return n, err
}

// endsWriter remembers the first and the last bytes that pass.
type endsWriter struct {
	w           io.Writer
	first, last []byte
}

func (e *endsWriter) Write(p []byte) (int, error) {
	const ends = 8
	if missing := ends - len(e.first); missing > 0 {
		e.first = append(e.first, p[:min(missing, len(p))]...)
	}
	e.last = append(e.last, p[max(0, len(p)-ends):]...)
	e.last = e.last[max(0, len(e.last)-ends):]
	return e.w.Write(p)
}
