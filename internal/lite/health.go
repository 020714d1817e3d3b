package lite

import (
	"net/http"
	"sync"
	"time"
)

func (e *Engine) health(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, http.StatusOK, healthAnswer{Status: "healthy"})
}

// ready returns 200 even before the models are loaded: in the contract, only the
// body shows readiness.
func (e *Engine) ready(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, http.StatusOK, e.readyAnswer())
}

// readiness also reports this in the status code, as orchestrators expect.
func (e *Engine) readiness(w http.ResponseWriter, _ *http.Request) {
	answer := e.readyAnswer()
	status := http.StatusOK
	if !answer.Ready {
		status = http.StatusServiceUnavailable
	}
	answerJSON(w, status, answer)
}

func (e *Engine) readyAnswer() readyAnswer {
	loaded := e.detector.Load() != nil
	return readyAnswer{Ready: loaded, ModelsLoaded: loaded}
}

func (e *Engine) status(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, http.StatusOK, statusAnswer{
		Status:        "operational",
		Version:       e.cfg.Version,
		UptimeSeconds: int(time.Since(e.started).Seconds()),
		Device:        deviceInfo{Type: "cpu", Name: "facecraft lite engine"},
		Models: map[string]modelStatus{
			"face_detector":      {Loaded: e.detector.Load() != nil, Type: "pigo"},
			"face_landmarks":     {Loaded: e.detector.Load() != nil, Type: "pigo pupils"},
			"face_enhancer":      {Loaded: false, Type: "none (lite engine)"},
			"background_remover": {Loaded: true, Type: "grabcut (built in)"},
		},
		Statistics: e.stats.answer(),
	})
}

// statistics counts the photos processed since the start.
type statistics struct {
	mu        sync.Mutex
	total     int
	succeeded int
	kept      int           // backgrounds that could not be removed
	time      time.Duration // spent on photos that succeeded
}

func (s *statistics) record(took time.Duration, p *portrait, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total++
	if err == nil {
		s.succeeded++
		s.time += took
		if p.doubt != "" {
			s.kept++
		}
	}
}

func (s *statistics) answer() statisticsAnswer {
	s.mu.Lock()
	defer s.mu.Unlock()
	answer := statisticsAnswer{TotalProcessed: s.total, BackgroundsKept: s.kept}
	if s.total > 0 {
		answer.SuccessRate = float64(s.succeeded) / float64(s.total)
	}
	if s.succeeded > 0 {
		answer.AvgProcessingMS = float64(s.time.Milliseconds()) / float64(s.succeeded)
	}
	return answer
}
