package plan

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/format"
)

// MaxReplicas is how many containers one instance may have.
const MaxReplicas = 16

// AutoReplicas lets the facts decide how many containers to run.
const AutoReplicas = -1

// Template is the server that an orchestrator replicates and numbers itself.
func (p Plan) Template() Container {
	c := p.First()
	c.Replica = 0
	return c
}

// replicas is how many servers there will be: one, or as many as were requested
// or fit.
func (m *maker) replicas(v Variant) int {
	if m.request.Replicas == AutoReplicas {
		return m.fittingReplicas(v)
	}
	return max(1, m.request.Replicas)
}

// replicate makes the servers.
func (m *maker) replicate(v Variant) ([]Container, error) {
	if m.count == 1 {
		return []Container{m.server}, nil
	}
	ports, err := m.replicaPorts(m.count)
	if err != nil {
		return nil, err
	}
	m.checkReplicaMemory(v, m.count)
	var servers []Container
	gpus := m.gpuForEach(m.count)
	for i, port := range ports {
		servers = append(servers, m.server.replica(i+1, port, gpus[i]))
	}
	return servers, nil
}

// replica returns a copy of the container to run next to it. Servers store an
// upload under the name that the client chose, so each needs its own volumes or
// directories.
func (c Container) replica(number, port int, gpus *GPURequest) Container {
	other := c
	other.Replica, other.Publish.Port, other.GPUs = number, port, gpus
	if number == 1 {
		return other
	}
	other.Name = fmt.Sprintf("%s-%d", c.Name, number)
	other.Env = slices.Clone(c.Env)
	for i, e := range other.Env {
		switch e {
		case Env{OriginsVariable, c.origins()}:
			other.Env[i].Value = other.origins()
		case Env{HostsVariable, c.Name}:
			other.Env[i].Value = other.Name
		}
	}
	other.Volumes = slices.Clone(c.Volumes)
	for i, v := range c.Volumes {
		other.Volumes[i].Name = other.Name + strings.TrimPrefix(v.Name, c.Name)
	}
	other.Binds = slices.Clone(c.Binds)
	for i := range c.Binds {
		other.Binds[i].Source += fmt.Sprintf("-%d", number)
	}
	return other
}

// fittingReplicas returns how many servers fit on the machine. Each processes
// one photo at a time, so more are faster until the CPUs, the memory or the
// GPUs are used up.
func (m *maker) fittingReplicas(v Variant) int {
	limits := []struct {
		count   int
		because string
	}{{MaxReplicas, "this is the maximum"}}
	limit := func(count int, format string, args ...any) {
		limits = append(limits, struct {
			count   int
			because string
		}{max(1, count), fmt.Sprintf(format, args...)})
	}
	memory, cpus := m.facts.Daemon.Memory, m.facts.Daemon.CPUs
	if memory.Known {
		limit(int(memory.Value*9/10/v.MemoryNeeded), "each needs %s of memory and Docker has %s (%s)",
			format.Memory(v.MemoryNeeded), format.Memory(memory.Value), memory.Evidence)
	} else {
		limit(1, "the amount of memory is unknown: %s", memory.Evidence)
	}
	if v.GPU != nil {
		m.limitByGPU(v, limit)
	}
	if cpus.Known {
		limit(cpus.Value/max(1, v.CoresUsed), "each keeps %d of %d processors busy (%s)", max(1, v.CoresUsed), cpus.Value,
			cpus.Evidence)
	} else {
		limit(1, "the number of processors is unknown: %s", cpus.Evidence)
	}
	fewest := limits[0]
	for _, l := range limits[1:] {
		if l.count < fewest.count {
			fewest = l
		}
	}
	m.because("replicas "+strconv.Itoa(fewest.count), "%s", fewest.because)
	return fewest.count
}

func (m *maker) limitByGPU(v Variant, limit func(count int, format string, args ...any)) {
	gpus := m.usableGPUs()
	if len(gpus) != 1 || len(m.facts.GPUs.Value) != 1 {
		limit(len(gpus), "one for each of %d GPUs", len(gpus))
		return
	}
	gpu := m.facts.GPUs.Value[0]
	if !gpu.Memory.Known {
		limit(1, "the memory of %s is unknown: %s", gpu.Name, gpu.Memory.Evidence)
		return
	}
	limit(int(gpu.Memory.Value/v.GPU.MinMemory), "each needs %s of GPU memory and %s has %s",
		format.Memory(v.GPU.MinMemory), gpu.Name, format.Memory(gpu.Memory.Value))
}

// usableGPUs returns the GPUs that the first container would get.
func (m *maker) usableGPUs() []string {
	if m.server.GPUs != nil && len(m.server.GPUs.IDs) > 0 {
		return m.server.GPUs.IDs
	}
	var ids []string
	for _, gpu := range m.facts.GPUs.Value {
		ids = append(ids, gpu.UUID)
	}
	return ids
}

// gpuForEach assigns the GPUs to the containers round-robin. If at most one is
// known, all share what the first would get.
func (m *maker) gpuForEach(count int) []*GPURequest {
	requests := make([]*GPURequest, count)
	ids := m.usableGPUs()
	for i := range requests {
		requests[i] = m.server.GPUs
		if m.server.GPUs != nil && len(ids) > 1 {
			requests[i] = &GPURequest{IDs: []string{ids[i%len(ids)]}}
		}
	}
	return requests
}

// checkReplicaMemory warns if servers are likely to be killed: out of memory.
func (m *maker) checkReplicaMemory(v Variant, count int) {
	memory := m.facts.Daemon.Memory
	if needed := int64(count) * v.MemoryNeeded; memory.Known && needed > memory.Value {
		m.warn("%d servers need about %s of memory and Docker has %s: expect some to be killed", count, format.Memory(needed),
			format.Memory(memory.Value))
	}
}

// replicaPorts returns the first server's port and the next free ones. Behind a
// gateway all have the first, and publish none.
func (m *maker) replicaPorts(count int) ([]int, error) {
	first := m.server.Publish.Port
	if m.guarded {
		return slices.Repeat([]int{first}, count), nil
	}
	ports := []int{first}
	for port := first + 1; port <= first+PortsTried+count-1 && port <= 65535; port++ {
		if len(ports) < count && !slices.Contains(m.facts.BusyPorts.Value, port) {
			ports = append(ports, port)
		}
	}
	if len(ports) < count {
		return nil, fault.New(fault.Failed, "choose a different first port with --port",
			"there are only %d free ports after %s", len(ports)-1,
			net.JoinHostPort(m.server.Publish.Address, strconv.Itoa(first)))
	}
	return ports, nil
}
