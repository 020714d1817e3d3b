package run

import (
	"context"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"

	"github.com/djok/facecraft/internal/plan"
)

// Address is where a server of an instance can be reached.
type Address struct{ Instance, URL string }

// Addresses lists the running servers of all instances.
func (r *Runner) Addresses(ctx context.Context) (addresses []Address, err error) {
	list, err := r.Docker.ContainerList(ctx,
		container.ListOptions{Filters: filters.NewArgs(filters.Arg("label", plan.LabelInstance))})
	for _, c := range list {
		if server := r.fromSummary(ctx, c); server.URL != "" {
			addresses = append(addresses, Address{c.Labels[plan.LabelInstance], server.URL})
		}
	}
	return addresses, err
}
