package inventory

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

// ParseConfig reads an image's configuration, as Docker and OCI write it.
func ParseConfig(data []byte) (Config, []Layer, error) {
	var file struct {
		OS           string    `json:"os"`
		Architecture string    `json:"architecture"`
		Created      time.Time `json:"created"`
		Config       RawConfig `json:"config"`
		RootFS       struct {
			DiffIDs []string `json:"diff_ids"`
		} `json:"rootfs"`
		History []struct {
			CreatedBy string `json:"created_by"`
			Empty     bool   `json:"empty_layer"`
		} `json:"history"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return Config{}, nil, hostile("its configuration cannot be read: %v", err)
	}
	if len(file.RootFS.DiffIDs) > maxLayers {
		return Config{}, nil, hostile("it has %d layers", len(file.RootFS.DiffIDs))
	}
	c := file.Config.config()
	c.Platform, c.Created = file.OS+"/"+file.Architecture, file.Created
	layer := 0
	for _, step := range file.History {
		made := NoLayer
		if !step.Empty && layer < len(file.RootFS.DiffIDs) {
			made = layer
			layer++
		}
		c.History = append(c.History, Step{Instruction: instruction(step.CreatedBy), Layer: made})
	}
	layers := make([]Layer, len(file.RootFS.DiffIDs))
	for i, id := range file.RootFS.DiffIDs {
		layers[i] = Layer{DiffID: id, Size: UnknownSize, Packed: UnknownSize}
	}
	return c, layers, nil
}

// RawConfig is the part of the configuration that containers inherit.
type RawConfig struct {
	User         string
	Env          []string
	Entrypoint   []string
	Cmd          []string
	StopSignal   string
	Labels       map[string]string
	ExposedPorts map[string]struct{}
	Healthcheck  *struct {
		Test                           []string
		Interval, Timeout, StartPeriod time.Duration
		Retries                        int
	}
}

func (r RawConfig) config() Config {
	c := Config{User: r.User, Env: r.Env, Entrypoint: r.Entrypoint, Cmd: r.Cmd, StopSignal: r.StopSignal,
		Labels: r.Labels, Exposed: slices.Sorted(maps.Keys(r.ExposedPorts))}
	if h := r.Healthcheck; h != nil && len(h.Test) > 0 && h.Test[0] != "NONE" {
		c.Health = &Health{Test: h.Test, Interval: h.Interval, Timeout: h.Timeout, StartPeriod: h.StartPeriod,
			Retries: h.Retries}
	}
	return c
}

// instruction turns a step of the history into the Dockerfile's instruction.
func instruction(createdBy string) string {
	text := strings.TrimSpace(createdBy)
	if after, ok := strings.CutPrefix(text, "/bin/sh -c #(nop)"); ok {
		return strings.TrimSpace(after)
	}
	if after, ok := strings.CutPrefix(text, "/bin/sh -c "); ok {
		return "RUN " + after
	}
	return strings.TrimSuffix(strings.Replace(text, "RUN /bin/sh -c ", "RUN ", 1), " # buildkit")
}

// Variable returns the value of an environment variable.
func (c Config) Variable(name string) (string, bool) {
	for _, e := range slices.Backward(c.Env) {
		if n, value, ok := strings.Cut(e, "="); ok && n == name {
			return value, true
		}
	}
	return "", false
}

// DefaultPath is the PATH that Docker gives to containers of images without one.
const DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// bySize returns the indices of the layers, the largest compressed one first.
func bySize(layers []Layer) []int {
	order := make([]int, len(layers))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(layers[b].Packed, layers[a].Packed) })
	return order
}
