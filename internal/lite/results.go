package lite

import (
	"fmt"
	"net/http"
	"strings"
)

// download serves a job's file.
func (e *Engine) download(w http.ResponseWriter, r *http.Request) {
	id, format := r.PathValue("job_id"), r.PathValue("format")
	if !e.jobs.exists(id) {
		answerDetail(w, http.StatusNotFound, "Job not found")
		return
	}
	var name, kind string
	switch format {
	case "png":
		name, kind = pngFile, "image/png"
	case "jpg":
		name, kind = jpgFile, "image/jpeg"
	default:
		answerDetail(w, http.StatusBadRequest, "Invalid format. Use 'png' or 'jpg'")
		return
	}
	file, err := e.jobs.open(id, name)
	if err != nil {
		answerDetail(w, http.StatusNotFound, strings.ToUpper(format)+" file not found")
		return
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		panic(err) // becomes a logged 500
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("ETag", fmt.Sprintf(`"%x-%x"`, info.ModTime().UnixNano(), info.Size()))
	http.ServeContent(w, r, name, info.ModTime(), file)
}

// deleteJob removes a job's files. As in the images, the status is 200 even if
// there were none.
func (e *Engine) deleteJob(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("job_id")
	if !e.jobs.exists(id) {
		answerJSON(w, http.StatusOK, messageAnswer{fmt.Sprintf("Job %s not found", id)})
		return
	}
	if err := e.jobs.remove(id); err != nil {
		panic(err) // becomes a logged 500
	}
	answerJSON(w, http.StatusOK, messageAnswer{fmt.Sprintf("Job %s deleted", id)})
}
