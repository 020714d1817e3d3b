package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"time"
)

// processTimeout bounds one photo: the slowest processor takes seconds, but a
// busy server works through its queue first.
const processTimeout = 10 * time.Minute

// Processed is a portrait that waits on the server for its download.
type Processed struct {
	Job   string
	Faces int
}

// Rejected is the server's reasoned refusal of a photo. Asking again gives the
// same answer.
type Rejected struct {
	Code    string // as no_face_detected; free text for a broken image
	Message string // for people, may be empty
}

func (r *Rejected) Error() string {
	switch {
	case r.Code == "no_face_detected":
		return "no face found in the picture"
	case r.Message != "":
		return r.Message
	}
	return r.Code
}

type processAnswer struct {
	Success bool   `json:"success"`
	Job     string `json:"job_id"`
	Result  struct {
		Faces int `json:"face_count"`
	} `json:"result"`
	Error        string `json:"error"`
	ErrorMessage string `json:"error_message"`
}

// Process uploads one photo with the server's own defaults. fileName must be
// harmless: the server joins it into a path, and reads the format from its
// extension. A refusal is a *Rejected.
func (c *Client) Process(ctx context.Context, fileName string, photo []byte) (Processed, error) {
	ctx, cancel := context.WithTimeout(ctx, processTimeout)
	defer cancel()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", fileName)
	if err != nil {
		return Processed{}, err
	}
	if _, err := part.Write(photo); err != nil {
		return Processed{}, err
	}
	if err := form.Close(); err != nil {
		return Processed{}, err
	}
	response, err := c.do(ctx, http.MethodPost, "/api/v1/process", form.FormDataContentType(), &body)
	if err != nil {
		return Processed{}, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return Processed{}, refusal(response)
	}
	var answer processAnswer
	if err := decode(response, &answer); err != nil {
		return Processed{}, err
	}
	if !answer.Success {
		return Processed{Job: answer.Job}, &Rejected{Code: answer.Error, Message: answer.ErrorMessage}
	}
	return Processed{Job: answer.Job, Faces: answer.Result.Faces}, nil
}

// refusal reads the detail of an answer that is not 200: a text, or a list of
// what is wrong with the form's fields.
func refusal(response *http.Response) error {
	data, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return err
	}
	var answer struct {
		Detail json.RawMessage `json:"detail"`
	}
	if json.Unmarshal(data, &answer) != nil || answer.Detail == nil {
		return fmt.Errorf("the server answered HTTP %d", response.StatusCode)
	}
	text := string(answer.Detail)
	var plain string
	if json.Unmarshal(answer.Detail, &plain) == nil {
		text = plain
	}
	if response.StatusCode >= 500 {
		return errors.New(text)
	}
	return &Rejected{Code: text}
}
