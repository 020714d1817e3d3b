package plan

// The published server answers nothing while it works on a photo, and a queue
// of photos holds it up for longer. A check that ran out of patience would
// have a busy server replaced; one that waits a minute, five times in a row,
// still finds a server that hangs.
const (
	healthInterval = 30
	healthTimeout  = 60
	healthRetries  = 5
	// healthStart is the published images' own: failures while the models load
	// do not count.
	healthStart = 180
)

func health(v Variant) Health {
	return Health{Test: v.Health, IntervalSeconds: healthInterval, TimeoutSeconds: healthTimeout,
		StartSeconds: healthStart, Retries: healthRetries}
}
