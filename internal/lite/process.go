package lite

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"
)

// begin reads a request's form, or responds with an error.
func (e *Engine) begin(w http.ResponseWriter, r *http.Request, limit int64) (f *form, ok bool) {
	if e.detector.Load() == nil {
		w.Header().Set("Retry-After", "1")
		answerDetail(w, http.StatusServiceUnavailable, "Models are still loading")
		return nil, false
	}
	f, err := readForm(w, r, limit, e.uploads)
	if err != nil {
		f.discard()
		answerFormError(w, err)
		return nil, false
	}
	return f, true
}

func (e *Engine) process(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	f, ok := e.begin(w, r, maxSingleBody)
	if !ok {
		return
	}
	defer f.discard()
	photo, o, withBase64, ok := readProcessForm(w, f)
	if !ok {
		return
	}
	id := newJobID()
	result, err := e.makePortrait(r.Context(), photo, o, true)
	if err == nil {
		err = e.jobs.save(id, map[string][]byte{pngFile: result.png, jpgFile: result.jpg})
		if err != nil {
			answerDetail(w, http.StatusInternalServerError, fmt.Sprintf("Processing failed: %v", err))
			return
		}
	}
	answer := processAnswer{Success: err == nil, JobID: id}
	if err != nil {
		answer.Error, answer.ErrorMessage = new(err.Error()), new(errorMessage(err))
	} else {
		answer.describe(result, o, withBase64)
	}
	answer.ProcessingTimeMS = time.Since(start).Milliseconds()
	answerJSON(w, http.StatusOK, answer)
}

// readProcessForm reads the form for a single photo, or responds with an error. The
// enhancement fields are validated but have no effect.
func readProcessForm(w http.ResponseWriter, f *form) (photo upload, o options, withBase64, ok bool) {
	o = defaultOptions()
	var enhance bool
	var fidelity float64
	photo = f.file("file")
	f.integer(&o.width, "width")
	f.integer(&o.height, "height")
	f.integer(&o.background[0], "background_r")
	f.integer(&o.background[1], "background_g")
	f.integer(&o.background[2], "background_b")
	f.float(&o.margin, "face_margin")
	f.boolean(&o.oval, "use_oval_mask")
	f.boolean(&o.cropOnly, "crop_only") // beyond the contract
	f.boolean(&enhance, "enhance_face")
	f.float(&fidelity, "enhance_fidelity")
	f.boolean(&withBase64, "return_base64")
	switch {
	case f.errs != nil:
		answerDetail(w, http.StatusUnprocessableEntity, f.errs)
	case photo.filename == "":
		answerDetail(w, http.StatusBadRequest, "No file provided")
	case !knownExtension(photo.filename):
		answerDetail(w, http.StatusBadRequest, "Invalid format. Allowed: .jpeg, .webp, .png, .bmp, .jpg")
	default:
		return photo, o, withBase64, true
	}
	return photo, o, withBase64, false
}

// knownExtension checks only the name, as the images do. They do not support the
// last three.
func knownExtension(filename string) bool {
	name := strings.ToLower(path.Base(filename))
	switch ext := path.Ext(name); ext {
	case ".jpg", ".jpeg", ".png", ".bmp", ".webp", ".heic", ".heif", ".avif":
		return name != ext // ".jpg" is a hidden file, not a JPEG
	}
	return false
}

// errorMessage returns an error's text for people.
func errorMessage(err error) string {
	var unreadable *unreadableError
	switch {
	case errors.Is(err, errNoFace):
		return "No face could be detected in the image"
	case errors.As(err, &unreadable):
		return "Could not load image: " + unreadable.reason.Error()
	}
	return err.Error()
}

// errorDetail returns an error's text for a single field: the contract's text and
// the reason.
func errorDetail(err error) string {
	var unreadable *unreadableError
	if errors.As(err, &unreadable) {
		return fmt.Sprintf("%v (%v)", err, unreadable.reason)
	}
	return err.Error()
}

// describe fills in the result of a successful job.
func (a *processAnswer) describe(p *portrait, o options, withBase64 bool) {
	a.Result = &processResult{
		FaceDetected:  true,
		FaceCount:     1, // as in the images, regardless of how many there are
		FacePosition:  p.face.position(),
		OutputSize:    outputSize{o.width, o.height},
		FileSizeBytes: len(p.jpg),

		BackgroundRemoved: p.doubt == "" && !o.cropOnly,
	}
	switch {
	case p.doubt != "":
		a.Result.BackgroundNote = new("kept: " + p.doubt)
	case p.filled:
		a.Result.BackgroundNote = new("added at the edges, where the photo ends")
	}
	download := "/api/v1/download/" + a.JobID
	a.JPGURL = new(download + "/jpg")
	if p.png != nil {
		a.PNGURL = new(download + "/png")
		a.Result.FileSizeBytes = len(p.png)
	}
	if withBase64 {
		a.PNGBase64, a.JPGBase64 = p.png, p.jpg
	}
}

func (e *Engine) processQuick(w http.ResponseWriter, r *http.Request) {
	f, ok := e.begin(w, r, maxSingleBody)
	if !ok {
		return
	}
	defer f.discard()
	o := defaultOptions()
	photo := f.file("file")
	f.integer(&o.width, "size")
	o.height = o.width
	if f.errs != nil {
		answerDetail(w, http.StatusUnprocessableEntity, f.errs)
		return
	}
	if photo.filename == "" {
		answerDetail(w, http.StatusBadRequest, "No file provided")
		return
	}
	result, err := e.makePortrait(r.Context(), photo, o, false)
	if err != nil {
		answerDetail(w, http.StatusBadRequest, errorDetail(err))
		return
	}
	answer(w, http.StatusOK, "image/png", result.png)
}

// processBatch responds like the images: with download URLs that match no route, and
// without the data requested by return_base64. The portraits could not be downloaded,
// so they are not kept.
func (e *Engine) processBatch(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	f, ok := e.begin(w, r, maxBatchBody)
	if !ok {
		return
	}
	defer f.discard()
	o := defaultOptions()
	var withBase64 bool
	photos := f.fileList("files")
	f.integer(&o.width, "width")
	f.integer(&o.height, "height")
	f.boolean(&withBase64, "return_base64")
	if f.errs != nil {
		answerDetail(w, http.StatusUnprocessableEntity, f.errs)
		return
	}
	answer := batchAnswer{JobID: newJobID(), Total: len(photos), Results: make([]batchResultItem, 0, len(photos))}
	for _, photo := range photos {
		_, err := e.makePortrait(r.Context(), photo, o, false)
		answer.add(photo, err)
	}
	answer.ProcessingTimeMS = time.Since(start).Milliseconds()
	answerJSON(w, http.StatusOK, answer)
}

func (a *batchAnswer) add(photo upload, err error) {
	item := batchResultItem{Filename: photo.filename, Success: err == nil}
	if err == nil {
		a.Successful++
		base := path.Base(photo.filename)
		stem := url.PathEscape(strings.TrimSuffix(base, path.Ext(base)))
		item.DownloadURL = new("/api/v1/download/" + a.JobID + "/" + stem + "/png")
	} else {
		a.Failed++
		item.Error, item.ErrorMessage = new(err.Error()), new(errorDetail(err))
	}
	a.Results = append(a.Results, item)
}
