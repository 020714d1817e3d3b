package plan

import (
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/format"
)

// PortsTried is how many ports, starting at DefaultPort, are considered if none
// was requested.
const PortsTried = 20

// CandidatePorts are the host ports that the request could get, which the
// probes have to check.
func (r Request) CandidatePorts() []int {
	first, count := DefaultPort, PortsTried
	if r.Port != 0 {
		first, count = r.Port, 1
	}
	switch {
	case r.Replicas == AutoReplicas:
		count += PortsTried + MaxReplicas
	case r.Replicas > 1:
		count += PortsTried + r.Replicas
	}
	var ports []int
	for port := first; port < first+count && port <= 65535; port++ {
		ports = append(ports, port)
	}
	return ports
}

// Make decides. It is pure: the same facts, catalogue and request give the
// same plan. Its error is a *fault.Fault that says what to do instead.
func Make(f Facts, c Catalogue, r Request) (Plan, error) {
	if err := r.Validate(c); err != nil {
		return Plan{}, err
	}
	if err := r.checkGPUsExist(f); err != nil {
		return Plan{}, err
	}
	m := maker{facts: f, catalogue: c, request: r}
	variant, err := m.chooseVariant()
	if err != nil {
		return Plan{}, err
	}
	if memory := f.Daemon.Memory; !memory.Known {
		m.because("not checked", "Docker's memory, disk and architecture: %s", memory.Evidence)
	}
	if err := m.chooseImage(variant); err != nil {
		return Plan{}, err
	}
	if err := m.choosePort(); err != nil {
		return Plan{}, err
	}
	m.fill(variant)
	if err := m.chooseData(variant); err != nil {
		return Plan{}, err
	}
	m.chooseMemory(variant)
	m.count = m.replicas(variant)
	if m.guarded, err = m.chooseGateway(); err != nil {
		return Plan{}, err
	}
	m.warnOfExposure()
	if err := m.chooseEnv(); err != nil {
		return Plan{}, err
	}
	m.plan.Containers, err = m.replicate(variant)
	if err == nil && m.guarded {
		m.plan.Containers, err = m.guard(m.plan.Containers)
	}
	return m.plan, err
}

type maker struct {
	facts     Facts
	catalogue Catalogue
	request   Request
	gpus      []string // device IDs for the request, nil for all
	plan      Plan
	server    Container // the template for the plan's servers
	count     int       // of servers
	guarded   bool      // there is a gateway in front of them
}

func (m *maker) because(choice, format string, args ...any) {
	m.plan.Reasons = append(m.plan.Reasons, Reason{choice, fmt.Sprintf(format, args...)})
}

func (m *maker) warn(format string, args ...any) {
	m.plan.Warnings = append(m.plan.Warnings, fmt.Sprintf(format, args...))
}

// instanceName matches what Docker, Compose and Kubernetes all accept as a
// name. Docker rejects single-character container names. Empty means the
// default.
var instanceName = regexp.MustCompile(`^([a-z0-9][a-z0-9-]{0,61}[a-z0-9])?$`)

// CheckInstance returns an error if name is not a valid instance name.
func CheckInstance(name string) error {
	if instanceName.MatchString(name) {
		return nil
	}
	return fault.New(fault.Usage, "use 2 to 63 lower-case letters and digits; dashes only in between",
		"%q is not a valid instance name", name)
}

// Validate rejects requests that are wrong on any machine, so it can run before
// any facts are gathered.
func (r Request) Validate(c Catalogue) error {
	if err := CheckInstance(r.Instance); err != nil {
		return err
	}
	if r.Port < 0 || r.Port > 65535 {
		return fault.New(fault.Usage, "use a port from 1 to 65535", "port %d is out of range", r.Port)
	}
	if r.Replicas != AutoReplicas && (r.Replicas < 0 || r.Replicas > MaxReplicas) {
		return fault.New(fault.Usage, fmt.Sprintf("use a number from 1 to %d, or auto", MaxReplicas),
			"cannot run %d servers", r.Replicas)
	}
	if r.Listen != "" && net.ParseIP(r.Listen) == nil {
		return fault.New(fault.Usage, "use an address of this machine, such as 127.0.0.1 or 0.0.0.0",
			"%q is not an IP address to listen on", r.Listen)
	}
	if r.Restart != "" && !slices.Contains(RestartPolicies, r.Restart) {
		return fault.New(fault.Usage, "use one of: "+strings.Join(RestartPolicies, ", "),
			"there is no restart policy %q", r.Restart)
	}
	if r.Tag != "" && r.Tag != Auto {
		if _, ok := c.Variant(r.Tag); !ok {
			return fault.New(fault.Usage, "use one of: "+strings.Join(append([]string{Auto}, c.names()...), ", "),
				"there is no variant %q", r.Tag)
		}
	}
	if strings.ContainsAny(r.Image, " \t\n") || strings.HasPrefix(r.Image, "-") {
		return fault.New(fault.Usage, "use REGISTRY/REPOSITORY:TAG", "%q is not an image reference", r.Image)
	}
	repository, tag := splitTag(r.Image)
	repository = strings.TrimPrefix(repository, "docker.io/")
	if repository == c.Repository && (tag == "" || tag == "latest") && !strings.Contains(r.Image, "@") {
		return fault.New(fault.Usage, "name the variant: --tag cpu or --tag gpu",
			"%s has no usable :latest: the one on Docker Hub predates both variants", c.Repository)
	}
	if v, _ := c.Variant(r.Tag); v.BuiltIn && r.Image != "" {
		return imageConflict(v)
	}
	if err := r.validateGPUs(c); err != nil {
		return err
	}
	return r.validateEnv()
}

// imageConflict is the error for --image together with a built-in variant.
func imageConflict(v Variant) error {
	return fault.New(fault.Usage, "drop one of --image and --tag "+v.Name,
		"the %s variant is built into this program and cannot use another image", v.Name)
}

func (c Catalogue) names() []string {
	var names []string
	for _, v := range c.Variants {
		names = append(names, v.Name)
	}
	return names
}

// chooseVariant honours an explicit tag or refuses it; only auto may fall back
// from a GPU.
func (m *maker) chooseVariant() (Variant, error) {
	if m.request.Tag != "" && m.request.Tag != Auto {
		return m.explicitVariant(m.request.Tag, "requested with --tag "+m.request.Tag)
	}
	if m.request.Image != "" {
		if _, tag := splitTag(m.request.Image); tag != "" {
			if v, ok := m.catalogue.variantTagged(tag); ok {
				return m.explicitVariant(v.Name, "the tag of the image requested with --image")
			}
		}
	}
	if len(m.request.GPUs) > 0 {
		for _, v := range m.catalogue.Variants {
			if v.GPU != nil {
				return m.explicitVariant(v.Name, "requested with --gpus "+strings.Join(m.request.GPUs, ","))
			}
		}
	}
	return m.autoVariant()
}

func (m *maker) explicitVariant(name, why string) (Variant, error) {
	v, _ := m.catalogue.Variant(name) // validated
	m.because("variant "+name, "%s", why)
	if m.request.Elsewhere {
		m.gpus = ids(m.request.GPUs) // taken as given: they cannot be checked here
		return v, nil
	}
	verdict := m.judge(v)
	switch verdict.Answer {
	case Unsuitable:
		return v, m.cannot(v, verdict)
	case Undecided:
		m.warn("it is unknown whether a GPU can be used: %s", verdict.Because)
	}
	if v.GPU != nil {
		m.because("GPUs", "%s", verdict.Because)
	}
	m.accept(verdict)
	return v, nil
}

// cannot rejects a variant, with the remedy and the next best variant.
func (m *maker) cannot(v Variant, verdict Verdict) error {
	hint := verdict.Remedy
	for _, other := range m.catalogue.Variants {
		if other.Name != v.Name && other.GPU == nil && m.judge(other).Answer != Unsuitable {
			hint += "; or run facecraft up --tag " + other.Name
			break
		}
	}
	return fault.New(fault.Unrunnable, hint, "the %s variant cannot run here: %s", v.Name, verdict.Because)
}

func (m *maker) judge(v Variant) Verdict {
	if m.request.Image != "" {
		v.UnpackedSize = 0 // a custom image's size is not in the catalogue
	}
	return Judge(m.facts, m.catalogue, v, m.request.GPUs)
}

// accept records what a verdict says about the chosen variant.
func (m *maker) accept(verdict Verdict) {
	m.gpus = verdict.GPUs
	for _, advice := range verdict.Advice {
		m.warn("%s", advice)
	}
}

// autoVariant prefers the GPU if it is known to work. Otherwise, unknown
// included, it picks the CPU and says why.
func (m *maker) autoVariant() (Variant, error) {
	var cpu Variant
	for _, v := range m.catalogue.Variants {
		if v.BuiltIn {
			continue
		}
		if v.GPU == nil {
			cpu = v
			continue
		}
		verdict := m.judge(v)
		if verdict.Answer == Suitable {
			m.because("variant "+v.Name, "%s", verdict.Because)
			m.accept(verdict)
			return v, nil
		}
		m.because("not "+v.Name, "%s", verdict.Because)
		if m.facts.GPUSeemsPresent() && verdict.Remedy != "" {
			m.warn("the GPU is not used; to use it: %s", verdict.Remedy)
		}
	}
	verdict := m.judge(cpu)
	if verdict.Answer == Unsuitable {
		return cpu, m.cannot(cpu, verdict)
	}
	m.because("variant "+cpu.Name, "needs no GPU")
	m.accept(verdict)
	return cpu, nil
}

func (m *maker) chooseImage(v Variant) error {
	m.server.Variant = v.Name
	m.plan.Needs = Needs{Memory: v.MemoryNeeded, UnpackedSize: v.UnpackedSize, StartSeconds: v.StartSeconds}
	switch {
	case v.BuiltIn && m.request.Image != "":
		return imageConflict(v)
	case v.BuiltIn:
		if !m.facts.LiteImage.Known {
			return fault.New(fault.Unrunnable, "use --tag cpu",
				"the %s variant is not available: %s", v.Name, m.facts.LiteImage.Evidence)
		}
		m.server.Image = Image{Reference: m.facts.LiteImage.Value, BuiltIn: true}
		m.because("image", "%s", m.facts.LiteImage.Evidence)
	case m.request.Image != "":
		m.server.Image = Image{Reference: m.request.Image}
		m.because("image", "requested with --image")
		m.plan.Needs.UnpackedSize = 0 // a custom image's size is not in the catalogue
	default:
		m.server.Image = Image{Reference: m.catalogue.Reference(v)}
	}
	m.server.Image.Platform = m.platform(v)
	return nil
}

// platform is the daemon's if the image has it, or else the image's first, which
// then runs under emulation.
func (m *maker) platform(v Variant) string {
	d := m.facts.Daemon
	if native := d.OS.Value + "/" + d.Arch.Value; slices.Contains(v.Platforms, native) {
		return native
	}
	return v.Platforms[0]
}

func (m *maker) choosePort() error {
	address := m.request.Listen
	if address == "" {
		address = Loopback
	}
	port, err := m.freePort()
	if err != nil {
		return err
	}
	m.server.Publish = Publish{Address: address, Port: port, Container: ContainerPort, TLS: m.request.TLS != nil}
	return nil
}

// warnOfExposure says what it means to have no gateway.
func (m *maker) warnOfExposure() {
	if m.guarded {
		return
	}
	if !m.loopbackOnly() {
		m.warn("the server listens on %s, not only for this machine, and enforces no API key: anyone who can reach the "+
			"port can use it", m.server.Publish.Address)
	}
	if m.count > 1 {
		m.warn("without a gateway, a result can only be fetched from the one of the %d servers that made it", m.count)
	}
}

func (m *maker) freePort() (int, error) {
	busy := m.facts.BusyPorts.Value // empty if unknown: the daemon will find out
	single := m.request
	single.Replicas = 0
	candidates := single.CandidatePorts()
	for _, port := range candidates {
		if slices.Contains(busy, port) {
			continue
		}
		switch {
		case m.request.Port != 0:
			m.because("port "+strconv.Itoa(port), "requested with --port")
		case port != DefaultPort:
			m.because("port "+strconv.Itoa(port), "port %d is taken by %s", DefaultPort, m.holder(DefaultPort).Name)
			m.warn("port %d is taken by %s, the server is on port %d", DefaultPort, m.holder(DefaultPort).Name, port)
		}
		return port, nil
	}
	if m.request.Port != 0 {
		holder := m.holder(m.request.Port)
		return 0, fault.New(fault.Failed, holder.End+", or leave --port out to take the next free one",
			"port %d is taken by %s", m.request.Port, holder.Name)
	}
	return 0, fault.New(fault.Failed, "choose a free one with --port",
		"the ports %d to %d are all taken", candidates[0], candidates[len(candidates)-1])
}

// holder returns who uses a busy port, as far as that is known.
func (m *maker) holder(port int) PortOwner {
	if owner, ok := m.facts.PortOwners[port]; ok {
		return owner
	}
	return PortOwner{Name: "another program", End: "free it"}
}

// fill sets what depends on the variant alone.
func (m *maker) fill(v Variant) {
	c := &m.server
	c.Instance = m.request.Instance
	if c.Instance == "" {
		c.Instance = DefaultInstance
	}
	c.Name = c.Instance
	c.User = v.User
	c.Env = []Env{{OriginsVariable, c.origins()}}
	if v.checksHostName() {
		c.Env = append(c.Env, Env{HostsVariable, c.Name})
	}
	for _, volume := range v.Volumes {
		c.Volumes = append(c.Volumes, Volume{Name: c.Name + "_" + volume.Name, Target: volume.Target})
	}
	c.Tmpfs = v.Tmpfs
	c.ReadOnly = v.ReadOnly
	c.PIDsLimit = v.PIDsLimit
	c.Restart = m.request.Restart
	c.CapDrop = []string{"ALL"}
	c.SecurityOpt = []string{"no-new-privileges"}
	c.Log = LogRotation{MaxSize: "10m", MaxFiles: 3}
	c.StopSeconds = 30
	c.Init = v.Init
	c.Health = health(v)
	if v.GPU != nil {
		c.GPUs = &GPURequest{IDs: m.gpus}
	}
	m.plan.Settings = v.Settings
}

// OriginsVariable lists the web pages that may use the API from a browser.
const OriginsVariable = "FACECRAFT_CORS_ORIGINS"

// origins limits CORS to the server's own pages; by default the images allow
// every web page.
func (c Container) origins() string {
	own := []string{c.Publish.URL()}
	if net.ParseIP(c.Publish.Address).IsLoopback() || net.ParseIP(c.Publish.Address).IsUnspecified() {
		scheme, _, _ := strings.Cut(own[0], ":")
		own = append(own, scheme+"://localhost:"+strconv.Itoa(c.Publish.Port))
	}
	return strings.Join(own, ",")
}

// chooseMemory limits the container so that a huge photo cannot take the
// machine down.
func (m *maker) chooseMemory(v Variant) {
	m.server.MemoryLimit = v.MemoryLimit
	if total := m.facts.Daemon.Memory; total.Known && total.Value < v.MemoryLimit {
		m.server.MemoryLimit = total.Value
		m.because("memory limit "+format.Memory(total.Value), "all the memory Docker has (%s)", total.Evidence)
	}
}
