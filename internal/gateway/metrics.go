package gateway

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// metrics are the metrics for Prometheus. Labels have few values: routes, status
// codes, stages and the servers' names.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	stages   *prometheus.HistogramVec
	retries  prometheus.Counter
	work     atomic.Int64 // typical, in nanoseconds: a moving average
}

// The stages of a photo.
const (
	stageUpload = "upload" // until the photo is received
	stageQueue  = "queue"  // waiting for a server
	stageWork   = "work"   // at the server, including the upload if they overlap
	stageAnswer = "answer" // sending the result
)

func newMetrics(g *Gateway) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "facecraft_requests_total", Help: "Requests by route and status."}, []string{"route", "status"}),
		stages: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "facecraft_stage_seconds", Help: "Seconds that photos spend in each stage.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120}}, []string{"stage"}),
		retries: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "facecraft_retries_total", Help: "Photos that were given to a second server."}),
	}
	gauge := func(name, help string, value func() int64, labels prometheus.Labels) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels},
			func() float64 { return float64(value()) })
	}
	m.registry.MustRegister(m.requests, m.stages, m.retries, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		gauge("facecraft_queue", "Photos that wait for a server.", g.queued, nil),
		gauge("facecraft_queue_limit", "Photos that may wait for a server.",
			func() int64 { return int64(g.cfg.Queue) }, nil))
	for _, s := range g.servers {
		label := prometheus.Labels{"server": s.name}
		m.registry.MustRegister(
			gauge("facecraft_server_ready", "Whether a server is ready.", s.readyNumber, label),
			gauge("facecraft_server_busy", "Whether a server works on a photo.", s.working, label))
	}
	return m
}

func (m *metrics) count(n *note, status int) {
	m.requests.WithLabelValues(n.route, statusText(status)).Inc()
}

func (m *metrics) observe(stage string, took time.Duration) {
	m.stages.WithLabelValues(stage).Observe(took.Seconds())
	if stage == stageWork {
		last := m.work.Load()
		m.work.Store(last + (int64(took)-last)/8)
	}
}

// typicalWork is roughly how long a server needs for a photo.
func (m *metrics) typicalWork() time.Duration { return time.Duration(m.work.Load()) }
