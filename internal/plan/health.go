package plan

// The published server does not respond while it processes a photo, and a queue
// of photos blocks it for longer. An impatient check would get a busy server
// replaced; five checks of a minute each still catch one that hangs.
const (
	healthInterval = 30
	healthTimeout  = 60
	healthRetries  = 5
	// healthStart is taken from the published images: failures while the models
	// load do not count.
	healthStart = 180
)

func health(v Variant) Health {
	return Health{Test: v.Health, IntervalSeconds: healthInterval, TimeoutSeconds: healthTimeout,
		StartSeconds: healthStart, Retries: healthRetries}
}
