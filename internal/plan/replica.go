package plan

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/djok/facecraft/internal/fault"
)

// MaxReplicas is how many containers one instance may have.
const MaxReplicas = 16

// AutoReplicas lets the facts choose how many containers there are.
const AutoReplicas = -1

// Replica is what sets a container apart from the first of its instance.
type Replica struct {
	Port int         `json:"port"`
	GPUs *GPURequest `json:"gpus,omitempty"`
}

// Container is the container's name.
func (p Plan) Container() string {
	if p.Replica < 2 {
		return p.Name
	}
	return fmt.Sprintf("%s-%d", p.Name, p.Replica)
}

// Containers are the plans of all the containers, each for itself. A server
// writes an upload under the name that the client chose, so that each has
// volumes or directories of its own.
func (p Plan) Containers() []Plan {
	others := p.Replicas
	p.Replicas = nil
	all := []Plan{p}
	for i, r := range others {
		other := p
		other.Replica = i + 2
		other.Publish.Port = r.Port
		other.GPUs = r.GPUs
		other.Env = slices.Clone(p.Env)
		for j, e := range other.Env {
			if e.Name == originsVariable {
				other.Env[j].Value = other.origins()
			}
		}
		other.Volumes = slices.Clone(p.Volumes)
		for j, v := range p.Volumes {
			other.Volumes[j].Name = other.Container() + strings.TrimPrefix(v.Name, p.Name)
		}
		other.Binds = slices.Clone(p.Binds)
		for j := range p.Binds {
			other.Binds[j].Source += fmt.Sprintf("-%d", other.Replica)
		}
		all = append(all, other)
	}
	return all
}

// replicate adds the containers beside the first.
func (m *maker) replicate(v Variant) error {
	count := m.request.Replicas
	if count == AutoReplicas {
		count = m.fittingReplicas(v)
	}
	if count <= 1 {
		return nil
	}
	ports, err := m.replicaPorts(count - 1)
	if err != nil {
		return err
	}
	gpus := m.gpuForEach(count)
	m.plan.Replica = 1
	m.plan.GPUs = gpus[0]
	for i, port := range ports {
		m.plan.Replicas = append(m.plan.Replicas, Replica{Port: port, GPUs: gpus[i+1]})
	}
	m.checkReplicaMemory(v, count)
	return nil
}

// fittingReplicas is how many servers the machine holds. Each works on one
// photo at a time, so that more of them are faster until the processors, the
// memory or the GPUs are used up.
func (m *maker) fittingReplicas(v Variant) int {
	limits := []struct {
		count   int
		because string
	}{{MaxReplicas, "no more are started"}}
	limit := func(count int, format string, args ...any) {
		limits = append(limits, struct {
			count   int
			because string
		}{max(1, count), fmt.Sprintf(format, args...)})
	}
	memory, cpus := m.facts.Daemon.Memory, m.facts.Daemon.CPUs
	if memory.Known {
		limit(int(memory.Value*9/10/v.MemoryNeeded), "each needs %s of memory and Docker has %s (%s)",
			Memory(v.MemoryNeeded), Memory(memory.Value), memory.Evidence)
	} else {
		limit(1, "how much memory there is, is unknown: %s", memory.Evidence)
	}
	if v.GPU != nil {
		m.limitByGPU(v, limit)
	}
	if cpus.Known {
		limit(cpus.Value/max(1, v.CoresUsed), "each keeps %d of %d processors busy (%s)", max(1, v.CoresUsed), cpus.Value, cpus.Evidence)
	} else {
		limit(1, "how many processors there are, is unknown: %s", cpus.Evidence)
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
		limit(1, "how much memory %s has, is unknown: %s", gpu.Name, gpu.Memory.Evidence)
		return
	}
	limit(int(gpu.Memory.Value/v.GPU.MinMemory), "each needs %s of GPU memory and %s has %s",
		Memory(v.GPU.MinMemory), gpu.Name, Memory(gpu.Memory.Value))
}

// usableGPUs are those that the first container would get.
func (m *maker) usableGPUs() []string {
	if m.plan.GPUs != nil && len(m.plan.GPUs.IDs) > 0 {
		return m.plan.GPUs.IDs
	}
	var ids []string
	for _, gpu := range m.facts.GPUs.Value {
		ids = append(ids, gpu.UUID)
	}
	return ids
}

// gpuForEach deals the GPUs out: one to each container, in turn. Where only
// one is known, or none, all share what the first would get.
func (m *maker) gpuForEach(count int) []*GPURequest {
	requests := make([]*GPURequest, count)
	ids := m.usableGPUs()
	for i := range requests {
		requests[i] = m.plan.GPUs
		if m.plan.GPUs != nil && len(ids) > 1 {
			requests[i] = &GPURequest{IDs: []string{ids[i%len(ids)]}}
		}
	}
	return requests
}

// checkReplicaMemory warns of what would end in killed servers.
func (m *maker) checkReplicaMemory(v Variant, count int) {
	memory := m.facts.Daemon.Memory
	if needed := int64(count) * v.MemoryNeeded; memory.Known && needed > memory.Value {
		m.warn("%d servers need about %s of memory and Docker has %s: expect some to be killed", count, Memory(needed), Memory(memory.Value))
	}
}

// replicaPorts are the next free ports after the first server's.
func (m *maker) replicaPorts(count int) ([]int, error) {
	var ports []int
	first := m.plan.Publish.Port + 1
	for port := first; port < first+PortsTried+count && port <= 65535; port++ {
		if len(ports) < count && !slices.Contains(m.facts.BusyPorts.Value, port) {
			ports = append(ports, port)
		}
	}
	if len(ports) < count {
		return nil, fault.New(fault.Failed, "choose another first port with --port",
			"there are only %d free ports after %s", len(ports), net.JoinHostPort(m.plan.Publish.Address, strconv.Itoa(first-1)))
	}
	return ports, nil
}
