package api

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
)

// Upload is a photo on its way to a server.
type Upload struct {
	// Name must be safe in a path: the server uses it as a file name and takes
	// the format from its extension.
	Name    string
	Content io.ReaderAt
	Size    int64 // in bytes
	// Sent, if not nil, is called once the whole photo has been sent.
	Sent func()
}

// Processed is a finished portrait, ready to be downloaded.
type Processed struct {
	Job   string
	Faces int
	// Note says why the server kept the background; empty if it was removed or
	// the server does not say.
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

// Process uploads one photo, streaming it from disk. The job ID is also
// returned along with a refusal, so that the job can be deleted.
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
		return Processed{}, invalidJob(answer.Job)
	}
	done := Processed{Job: answer.Job, Faces: answer.Result.Faces, Note: answer.Result.Note}
	if !answer.Success {
		return done, failure(answer)
	}
	return done, nil
}

// upload sends a form and returns once the server responds.
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

// work is the time between the last byte of a photo and the response.
type work struct {
	client *Client
	told   func()

	mu           sync.Mutex
	begun, ended bool
}

// begin is called when the photo has been sent, which may be after an early
// response.
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

// failure tells a bad photo from a server error: the API reports both in the
// same way.
func failure(answer processAnswer) error {
	if strings.Contains(strings.ToLower(answer.Error), "out of memory") { // as torch and OpenCV put it
		return &Failed{Status: http.StatusOK, Detail: answer.Error}
	}
	return &Rejected{Code: answer.Error, Message: answer.ErrorMessage}
}
