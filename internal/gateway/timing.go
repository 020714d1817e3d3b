package gateway

import "time"

// timing is how long things may take.
type timing struct {
	// An upload or a download may take slowest plus a second for each slowRate bytes.
	slowest time.Duration
	// patience is how long photos wait if no server is ready.
	patience time.Duration
	// workLimit is when a server that has a whole photo counts as stuck.
	workLimit time.Duration
	// watch is how often to check that an idle server still responds.
	watch time.Duration
}

var usual = timing{
	slowest:   15 * time.Second,
	patience:  time.Minute,
	workLimit: 10 * time.Minute,
	watch:     2 * time.Second,
}

// slowRate is in bytes per second.
const slowRate = 32 << 10

// allowance is how long a client may take to send or to receive.
func (g *Gateway) allowance(size int64) time.Duration {
	return g.cfg.timing.slowest + time.Duration(size/slowRate)*time.Second
}
