package lite

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
)

// The types below are the schema's components. Pointers are optional fields,
// which the API returns as null instead of omitting them.

type healthAnswer struct {
	Status string `json:"status"`
}

type readyAnswer struct {
	Ready        bool `json:"ready"`
	ModelsLoaded bool `json:"models_loaded"`
}

type statusAnswer struct {
	Status        string                 `json:"status"`
	Version       string                 `json:"version"`
	UptimeSeconds int                    `json:"uptime_seconds"`
	Device        deviceInfo             `json:"device"`
	Models        map[string]modelStatus `json:"models"`
	Statistics    statisticsAnswer       `json:"statistics"`
}

type deviceInfo struct {
	Type        string  `json:"type"`
	Name        string  `json:"name"`
	CUDAVersion *string `json:"cuda_version"`
}

type modelStatus struct {
	Loaded bool   `json:"loaded"`
	Type   string `json:"type"`
}

type statisticsAnswer struct {
	TotalProcessed  int     `json:"total_processed"`
	SuccessRate     float64 `json:"success_rate"`
	AvgProcessingMS float64 `json:"avg_processing_ms"`

	BackgroundsKept int `json:"backgrounds_kept"` // not part of the contract
}

type processAnswer struct {
	Success          bool           `json:"success"`
	JobID            string         `json:"job_id"`
	ProcessingTimeMS int64          `json:"processing_time_ms"`
	Result           *processResult `json:"result"`
	DownloadURL      *string        `json:"download_url"` // never set, as in the images
	PNGURL           *string        `json:"png_url"`
	JPGURL           *string        `json:"jpg_url"`
	PNGBase64        []byte         `json:"png_base64"` // encoding/json writes base64, and null for nil
	JPGBase64        []byte         `json:"jpg_base64"`
	Error            *string        `json:"error"`
	ErrorMessage     *string        `json:"error_message"`
}

type processResult struct {
	FaceDetected  bool         `json:"face_detected"`
	FaceCount     int          `json:"face_count"`
	FacePosition  facePosition `json:"face_position"`
	OutputSize    outputSize   `json:"output_size"`
	FileSizeBytes int          `json:"file_size_bytes"`

	// Not part of the contract; other clients ignore them.
	BackgroundRemoved bool    `json:"background_removed"`
	BackgroundNote    *string `json:"background_note"` // why not, or what was done instead
}

type facePosition struct {
	X      int `json:"x"`
	Y      int `json:"y"`
	Width  int `json:"width"`
	Height int `json:"height"`
}

type outputSize struct {
	Width  int `json:"width"`
	Height int `json:"height"`
}

type batchAnswer struct {
	JobID            string            `json:"job_id"`
	Total            int               `json:"total"`
	Successful       int               `json:"successful"`
	Failed           int               `json:"failed"`
	ProcessingTimeMS int64             `json:"processing_time_ms"`
	Results          []batchResultItem `json:"results"`
}

type batchResultItem struct {
	Filename     string  `json:"filename"`
	Success      bool    `json:"success"`
	DownloadURL  *string `json:"download_url"`
	Error        *string `json:"error"`
	ErrorMessage *string `json:"error_message"`
}

type messageAnswer struct {
	Message string `json:"message"`
}

// detailAnswer is FastAPI's error body: a text or a list of fieldErrors.
type detailAnswer struct {
	Detail any `json:"detail"`
}

// fieldError describes an invalid form field in the format of pydantic 2.
type fieldError struct {
	Type  string              `json:"type"`
	Loc   []any               `json:"loc"` // "body", the field's name and, in a list, the index
	Msg   string              `json:"msg"`
	Input *string             `json:"input"` // the value received, or null
	Ctx   map[string]struct{} `json:"ctx,omitempty"`
}

// contractError is an error with exactly the text that the images use.
type contractError string

func (e contractError) Error() string { return string(e) }

// answerJSON writes a JSON response. Write errors are ignored: the client is gone.
func answerJSON(w http.ResponseWriter, status int, body any) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // the images' texts contain <class 'str'>
	if err := encoder.Encode(body); err != nil {
		panic(err) // responses can always be encoded
	}
	answer(w, status, "application/json", bytes.TrimSuffix(text.Bytes(), []byte("\n")))
}

// answer writes a response of known length.
func answer(w http.ResponseWriter, status int, kind string, body []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func answerDetail(w http.ResponseWriter, status int, detail any) {
	answerJSON(w, status, detailAnswer{Detail: detail})
}
