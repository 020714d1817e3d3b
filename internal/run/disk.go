package run

import (
	"context"
	"errors"
	"time"
)

// diskTimeout bounds the question for the free disk.
const diskTimeout = 20 * time.Second

// FreeDisk is how many bytes are free where the daemon keeps its images. Only
// a container can see that: the daemon may live in a virtual machine or on
// another host.
func (r *Runner) FreeDisk(ctx context.Context) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, diskTimeout)
	defer cancel()
	version, err := r.Docker.ServerVersion(ctx)
	if err != nil {
		return 0, err
	}
	view, err := r.Look(ctx, version.Arch, nil)
	if err == nil && view.FreeDisk == 0 {
		err = errors.New("the container could not tell")
	}
	return view.FreeDisk, err
}
