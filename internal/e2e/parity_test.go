package e2e

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/docker/docker/client"

	"github.com/djok/facecraft/internal/dockertest"
)

// How a plan becomes a container.
const (
	byCompose = "docker compose up"
	byLine    = "docker run"
	bySwarm   = "docker stack deploy"
)

// differences are the only ones allowed between the container that
// `facecraft up` makes and the same plan's container made otherwise, as
// docker inspect shows them. A field is a regular expression.
var differences = []struct{ by, field, reason string }{
	{byCompose, `Config\.Labels\.com\.docker\.compose\..*`, "Compose's own records"},
	{byCompose, `HostConfig\.NetworkMode`, "Compose gives each project a separate network"},
	{byCompose, `Config\.Labels\.io\.facecraft\.digest`, "up records what its pull brought; compose --pin names it"},
	{byCompose, `Config\.Attach(Stdout|Stderr)`, "how Compose creates; nothing is attached"},
	{byCompose, `Config\.Env\.FACECRAFT_ALLOWED_HOSTS`, "Compose's network also knows the server by its service's name"},
	{byLine, `Config\.Labels\.io\.facecraft\.digest`, "up records what its pull brought"},
	{bySwarm, `Config\.Labels\.com\.docker\.(swarm|stack)\..*`, "Swarm's own records"},
	{bySwarm, `Config\.Labels\.io\.facecraft\..*`, "on the service: Swarm's containers are not facecraft's to stop"},
	{bySwarm, `Config\.Env\.FACECRAFT_ALLOWED_HOSTS`, "in its networks a server is called by its service's names"},
	{bySwarm, `Config\.StopTimeout`, "Swarm keeps it in the service"},
	{bySwarm, `HostConfig\.Isolation`, "Swarm's word for none"},
	{bySwarm, `HostConfig\.PortBindings.*`, "Swarm publishes for the service, on all addresses"},
	{bySwarm, `HostConfig\.SecurityOpt.*`, "Swarm cannot express no-new-privileges"},
	{bySwarm, `HostConfig\.MemorySwap`, "Swarm cannot forbid swap"},
	{bySwarm, `Mounts\..*\.Name`, "a task's volumes are named by its slot"},
	{bySwarm, `(HostConfig\.Tmpfs|Mounts)\./tmp.*`, "a task's tmpfs is a mount"},
}

// TestParity compares the containers field by field, on the real daemon.
func TestParity(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	dockertest.DockerOnly(t, u.docker, "its description of a container holds only what was asked for")
	cpu := dockertest.Registry(t) + "/djok/facecraft:cpu"
	dockertest.PushLite(t, cpu)
	dockertest.RemoveImages(t, u.docker, cpu)
	for name, flags := range map[string][]string{"lite": {"--lite"}, "cpu": {"--image", cpu}} {
		t.Run(name, func(t *testing.T) {
			u := u.in(t)
			u.run(append([]string{"up", "--no-open"}, flags...)...)
			want := inspect(t, u.docker, u.server().ID)
			file := filepath.Join(u.dir, name+".yml")
			u.run(append([]string{"compose", "--output", file}, flags...)...)
			line := u.run(append([]string{"plan", "--format", "docker-run"}, flags...)...)
			u.run("down")

			t.Run("compose", func(t *testing.T) {
				if err := composeInstalled(); err != nil {
					dockertest.Need(t, err, "docker compose")
				}
				u.shell("docker compose -f " + file + " up --detach --quiet-pull")
				compareContainers(t, byCompose, want, inspect(t, u.docker, u.server().ID))
				u.shell("docker compose -f " + file + " down")
			})

			u.shell(line)
			compareContainers(t, byLine, want, inspect(t, u.docker, u.server().ID))
			u.run("down")
			u.checkVolumes(2) // the same two all along
		})
	}
	unusedDifferences(t, byCompose, byLine)
}

// inspect is a container's configuration, as paths with their values. What is
// not set is left out, however the daemon writes that.
func inspect(t *testing.T, docker client.APIClient, id string) map[string]string {
	t.Helper()
	_, raw, err := docker.ContainerInspectWithRaw(t.Context(), id, false)
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		Config, HostConfig map[string]any
		Mounts             []struct {
			Type, Name, Destination string
			RW                      bool
		}
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		t.Fatal(err)
	}
	delete(c.Config, "Hostname") // the container's ID
	// Named volumes are asked for in one of two places, to the same effect.
	delete(c.HostConfig, "Binds")
	delete(c.HostConfig, "Mounts")
	// Engines and docker run differ in how they write that it is never restarted.
	if policy, ok := c.HostConfig["RestartPolicy"].(map[string]any); ok && policy["Name"] == "no" {
		delete(policy, "Name")
	}
	paths := map[string]string{}
	for _, m := range c.Mounts {
		place := "Mounts." + m.Destination
		paths[place+".Type"], paths[place+".Name"], paths[place+".RW"] = m.Type, m.Name, fmt.Sprint(m.RW)
	}
	env := map[string]any{}
	for _, variable := range c.Config["Env"].([]any) {
		name, value, _ := strings.Cut(variable.(string), "=")
		env[name] = value
	}
	c.Config["Env"] = env
	flatten(paths, "Config", c.Config)
	flatten(paths, "HostConfig", c.HostConfig)
	return paths
}

func flatten(paths map[string]string, path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			flatten(paths, path+"."+key, value)
			if strings.ContainsRune(key, '/') { // a path or a port, which counts without a value
				paths[path+"."+key+" is set"] = "true"
			}
		}
	case []any:
		if !slices.ContainsFunc(v, func(e any) bool { _, text := e.(string); return !text }) {
			slices.SortFunc(v, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
		}
		for i, value := range v {
			flatten(paths, fmt.Sprintf("%s[%d]", path, i), value)
		}
	default:
		if v != nil && !reflect.ValueOf(v).IsZero() {
			paths[path] = fmt.Sprint(v)
		}
	}
}

// seen are the ways that were compared (not every machine has all) and the
// rows of the table that were needed.
var seen = struct {
	sync.Mutex
	ways, rows map[string]bool
}{ways: map[string]bool{}, rows: map[string]bool{}}

func compareContainers(t *testing.T, by string, want, got map[string]string) {
	t.Helper()
	seen.Lock()
	defer seen.Unlock()
	seen.ways[by] = true
	paths := map[string]bool{}
	for path := range want {
		paths[path] = true
	}
	for path := range got {
		paths[path] = true
	}
	for path := range paths {
		if want[path] != got[path] && !allowed(by, path) {
			t.Errorf("%s: %s is %q, and %q with facecraft up", by, path, got[path], want[path])
		}
	}
}

func allowed(by, path string) bool {
	for _, d := range differences {
		if d.by == by && regexp.MustCompile("^"+d.field+"$").MatchString(path) {
			seen.rows[d.by+d.field] = true
			return true
		}
	}
	return false
}

// unusedDifferences keeps the table from listing what no longer differs.
func unusedDifferences(t *testing.T, ways ...string) {
	t.Helper()
	seen.Lock()
	defer seen.Unlock()
	for _, d := range differences {
		if slices.Contains(ways, d.by) && seen.ways[d.by] && !seen.rows[d.by+d.field] {
			t.Errorf("%s: %s no longer differs", d.by, d.field)
		}
	}
}
