package run

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/apikey"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/progress"
)

// Gateway reports whether the container is a gateway.
func (s Server) Gateway() bool { return s.Role == plan.RoleGateway }

// rank is a container's place in a list.
func (s Server) rank() int {
	if s.Gateway() {
		return -1
	}
	return s.Replica
}

// behindGateway tells the servers of an instance which gateway they are behind:
// those that publish no port, if there is one.
func behindGateway(list []Server) []Server {
	i := slices.IndexFunc(list, Server.Gateway)
	if i < 0 {
		return list
	}
	list[i].Abandoned = !slices.ContainsFunc(list, func(s Server) bool { return !s.Gateway() && !s.ended() })
	for j := range list {
		if !list[j].Gateway() && list[j].Port == 0 {
			list[j].Behind = list[i].Name
		}
	}
	return list
}

// Client returns a client of a server. One of a gateway sends the first of its
// keys, which the daemon has; a key that cannot be read is not sent.
func (r *Runner) Client(ctx context.Context, s Server) *api.Client {
	return api.NewLocal(s.URL, r.Key(ctx, s))
}

// Key returns the first of a gateway's API keys, or "".
func (r *Runner) Key(ctx context.Context, s Server) string {
	if !s.Gateway() {
		return ""
	}
	keys, err := r.keys(ctx, s.ID)
	if err != nil {
		return ""
	}
	return apikey.First(keys)
}

// Guard returns an error as soon as a server behind a gateway dies or cannot
// load its models, and nil when ctx ends: whether it is ready, only the gateway
// can tell.
func (r *Runner) Guard(ctx context.Context, s Server, usual time.Duration) error {
	w := wait{runner: r, server: s, died: diedLoading, alive: time.Now()}
	go w.listen(ctx)
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for begin := time.Now(); ; {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		err := w.checkAlive(ctx)
		if err == nil {
			err = w.checkLoading(ctx, api.Answer{})
		}
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		r.Report(progress.Event{Stage: progress.Waiting, Subject: w.doing(), Done: int64(time.Since(begin).Seconds()),
			Total: int64(usual.Seconds())})
	}
}

// WaitGateway returns when a gateway is ready and says so of the named servers
// behind it. If that does not happen, its error is as that of WaitReady.
func (r *Runner) WaitGateway(ctx context.Context, s Server, behind []string, usual, timeout time.Duration) error {
	begin := time.Now()
	if err := r.WaitReady(ctx, s, usual, timeout); err != nil {
		return err
	}
	client := r.Client(ctx, s)
	defer client.Close()
	for {
		ready, err := client.ServersReady(ctx)
		late := slices.DeleteFunc(slices.Clone(behind), func(name string) bool { return ready[name] })
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil && len(late) == 0:
			return nil
		case err != nil && !api.Silent(err):
			return err
		case time.Since(begin) > timeout:
			return r.examine(ctx, s, fmt.Sprintf("still waits for %s after %s", strings.Join(late, ", "), timeout)).fault()
		}
		select {
		case <-ctx.Done():
		case <-time.After(pollInterval):
		}
	}
}

// networkLabels mark the private network of an instance.
func (r *Runner) networkLabels() map[string]string {
	return map[string]string{plan.LabelInstance: r.Instance, plan.LabelRole: plan.RoleGateway}
}

// EnsureNetwork creates a plan's private network, unless the instance has it.
func (r *Runner) EnsureNetwork(ctx context.Context, name string) error {
	existing, err := r.Docker.NetworkInspect(ctx, name, network.InspectOptions{})
	switch {
	case err == nil && existing.Labels[plan.LabelInstance] == r.Instance:
		return nil
	case err == nil:
		return fault.New(fault.Failed, "rename or remove it: docker network rm "+name,
			"the name %s is taken by another network", name)
	case !errdefs.IsNotFound(err):
		return err
	}
	_, err = r.Docker.NetworkCreate(ctx, name, network.CreateOptions{Driver: "bridge", Labels: r.networkLabels()})
	if err != nil && !errdefs.IsConflict(err) { // another call was faster
		return refusal("create the network "+name, err)
	}
	return nil
}

// RemoveNetworks removes the instance's private network. One that is still in
// use is kept.
func (r *Runner) RemoveNetworks(ctx context.Context) error {
	own := filters.NewArgs()
	for name, value := range r.networkLabels() {
		own.Add("label", name+"="+value)
	}
	list, err := r.Docker.NetworkList(ctx, network.ListOptions{Filters: own})
	if err != nil {
		return err
	}
	for _, n := range list {
		if err := r.Docker.NetworkRemove(ctx, n.ID); err != nil && !errdefs.IsNotFound(err) {
			return fault.Wrap(fault.Failed, err, "remove what uses it: docker network inspect "+n.Name+" lists it",
				"the network %s cannot be removed", n.Name)
		}
	}
	return nil
}
