package lite

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
)

const (
	maxFiles      = 50       // per batch
	maxFieldBytes = 64 << 10 // per field that is not a file

	maxSingleBody = maxUploadBytes + 1<<20
	maxBatchBody  = 10 * maxUploadBytes
)

const errMalformedBody = contractError("There was an error parsing the body")

var errTooManyFiles = fmt.Errorf("too many files: the limit is %d", maxFiles)

// upload is a received photo.
type upload struct {
	filename string // the client's name: used for the extension and in responses, never in a path
	stored   string // the name in the upload directory
}

// form is a multipart body. If a field occurs more than once, the last one counts.
type form struct {
	values map[string]string
	files  map[string][]upload
	errs   []fieldError
	stored *uploadDir
}

// readForm reads a request body of at most limit bytes and stores its files. A
// body that is not multipart is an empty form, as in the images. The caller must
// discard the form, even after an error.
func readForm(w http.ResponseWriter, r *http.Request, limit int64, stored *uploadDir) (*form, error) {
	f := &form{values: map[string]string{}, files: map[string][]upload{}, stored: stored}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return f, nil
	}
	if params["boundary"] == "" {
		return f, errMalformedBody
	}
	parts := multipart.NewReader(http.MaxBytesReader(w, r.Body, limit), params["boundary"])
	for files := 0; ; {
		part, err := parts.NextPart()
		if err == io.EOF { // not errors.Is: a wrapped io.EOF means a truncated body
			return f, nil
		}
		if err != nil {
			return f, readError(err)
		}
		isFile, err := f.add(part)
		if err != nil {
			return f, err
		}
		if isFile {
			files++
		}
		if files > maxFiles {
			return f, errTooManyFiles
		}
	}
}

// add reads one part of the body.
func (f *form) add(part *multipart.Part) (isFile bool, err error) {
	name := part.FormName()
	_, params, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	if err != nil {
		return false, errMalformedBody
	}
	filename, isFile := params["filename"]
	if !isFile {
		value, err := io.ReadAll(io.LimitReader(part, maxFieldBytes+1))
		if err != nil {
			return false, readError(err)
		}
		if len(value) > maxFieldBytes {
			return false, errMalformedBody
		}
		f.values[name] = string(value)
		return false, nil
	}
	source := &sourceReader{Reader: part}
	stored, err := f.stored.save(source)
	switch {
	case source.err != nil:
		return true, readError(source.err)
	case err != nil:
		return true, err
	}
	f.files[name] = append(f.files[name], upload{filename, stored})
	return true, nil
}

// sourceReader remembers read errors, to tell the client's errors from disk errors.
type sourceReader struct {
	io.Reader
	err error
}

func (r *sourceReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

// readError classifies an error while reading the body.
func readError(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return errUploadTooLarge
	}
	return errMalformedBody
}

// discard removes the form's files.
func (f *form) discard() {
	for _, uploads := range f.files {
		for _, u := range uploads {
			_ = f.stored.remove(u.stored) // otherwise the cleanup at the next start will
		}
	}
}

// answerFormError responds with the reason a form could not be read.
func answerFormError(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, errUploadTooLarge):
		answerDetail(w, http.StatusRequestEntityTooLarge, errUploadTooLarge.Error())
	case errors.Is(err, errTooManyFiles):
		answerDetail(w, http.StatusRequestEntityTooLarge, err.Error())
	case errors.Is(err, errMalformedBody):
		answerDetail(w, http.StatusBadRequest, err.Error())
	default:
		answerDetail(w, http.StatusInternalServerError, fmt.Sprintf("Failed to save file: %v", err))
	}
}
