package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/client"

	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/plan"
)

// swarm is a Swarm of one node on a separate daemon: joining one would change
// the machine's daemon for everybody.
type swarm struct {
	t      *testing.T
	daemon *dockertest.Daemon
	docker *client.Client
	dir    string
}

const swarmStack = "portraits"

func newSwarm(t *testing.T) *swarm {
	t.Helper()
	daemon := dockertest.NewNetworkedDaemon(t)
	docker := daemon.Client(t)
	t.Cleanup(func() { docker.Close() })
	s := &swarm{t: t, daemon: daemon, docker: docker, dir: t.TempDir()}
	s.run("docker", "swarm", "init", "--advertise-addr", "127.0.0.1")
	t.Cleanup(func() {
		if output, err := s.command("docker", "swarm", "leave", "--force").CombinedOutput(); err != nil {
			t.Errorf("leave the swarm: %v\n%s", err, output)
		}
	})
	return s
}

func (s *swarm) command(name string, args ...string) *exec.Cmd {
	cmd := s.daemon.In(context.WithoutCancel(s.t.Context()), name, args...) // for cleaning up too
	cmd.Dir = s.dir
	cmd.Env = append(cmd.Env, "FACECRAFT_INSTANCE="+swarmStack, "FACECRAFT_CLI_PORT=8000")
	return cmd
}

func (s *swarm) run(name string, args ...string) string {
	s.t.Helper()
	return output(s.t, s.command(name, args...))
}

// tasks are the stack's containers that run and are healthy.
func (s *swarm) tasks() []container.Summary {
	s.t.Helper()
	list, err := s.docker.ContainerList(s.t.Context(), container.ListOptions{
		Filters: filters.NewArgs(
			filters.Arg("label", "com.docker.stack.namespace="+swarmStack), filters.Arg("health", "healthy"),
		),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return list
}

// deploy starts the exported stack with two changes: health checks begin after
// a second instead of half a minute, and each task publishes a separate port,
// because the routing mesh needs IPVS in the kernel, which not every machine
// has.
func (s *swarm) deploy() {
	s.t.Helper()
	file := filepath.Join(s.dir, "stack.yml")
	s.run(dockertest.Binary(s.t), "compose", "--lite", "--target", "swarm", "--output", file)
	data, err := os.ReadFile(file)
	if err != nil {
		s.t.Fatal(err)
	}
	text := string(data)
	for from, to := range map[string]string{
		"\n        published: 8000": "",
		"mode: ingress":             "mode: host",
		"interval: 30s":             "interval: 1s",
	} {
		if strings.Count(text, from) != 1 {
			s.t.Fatalf("%q occurs %d times in\n%s", from, strings.Count(text, from), text)
		}
		text = strings.Replace(text, from, to, 1)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
	s.run("docker", "stack", "deploy", "--resolve-image", "never", "-c", file, swarmStack)
}

// TestSwarm deploys the exported stack, scales it, and kills a server in the
// middle of its work.
func TestSwarm(t *testing.T) {
	t.Parallel()
	s := newSwarm(t)
	binary := dockertest.Binary(t)
	s.run(binary, "up", "--lite", "--no-open")
	up, err := s.docker.ContainerList(t.Context(), container.ListOptions{
		Filters: filters.NewArgs(filters.Arg("label", plan.LabelInstance+"="+swarmStack)),
	})
	if err != nil || len(up) != 1 {
		t.Fatalf("%d servers, %v", len(up), err)
	}
	want := inspect(t, s.docker, up[0].ID)
	s.run(binary, "down")

	s.deploy()
	s.run("docker", "service", "scale", "--detach", swarmStack+"_api=3")
	waitFor(t, func() bool { return len(s.tasks()) == 3 })
	tasks := s.tasks()
	got := inspect(t, s.docker, tasks[0].ID)
	got["Config.Healthcheck.Interval"] = want["Config.Healthcheck.Interval"] // see deploy
	compareContainers(t, bySwarm, want, got)
	unusedDifferences(t, bySwarm)

	s.processWhileOneIsKilled(tasks)
	waitFor(t, func() bool { return len(s.tasks()) == 3 }) // Swarm replaced it
	s.run("docker", "stack", "rm", swarmStack)
	waitFor(t, func() bool { return len(s.tasks()) == 0 })
	volumes := strings.Fields(s.run("docker", "volume", "ls", "--quiet"))
	if !slices.Contains(volumes, swarmStack+"_uploads_3") {
		t.Errorf("the volumes were not kept: %q", volumes)
	}
}

func (s *swarm) processWhileOneIsKilled(tasks []container.Summary) {
	s.t.Helper()
	const photos = 24
	args := append([]string{"process", "-o", "out/"}, copies(s.t, s.dir, photoData(s.t), photos)...)
	for _, task := range tasks {
		args = append(args, "--endpoint", fmt.Sprintf("http://127.0.0.1:%d", task.Ports[0].PublicPort))
	}
	cmd := s.command(dockertest.Binary(s.t), args...)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	results := func() int {
		list, _ := filepath.Glob(filepath.Join(s.dir, "out", "*.png"))
		return len(list)
	}
	waitFor(s.t, func() bool { return results() > 0 })
	if err := s.docker.ContainerKill(s.t.Context(), tasks[1].ID, "KILL"); err != nil {
		s.t.Error(err)
	}
	before := results()
	if err := cmd.Wait(); err != nil {
		s.t.Errorf("process: %v\n%s", err, &output)
	}
	s.t.Logf("a server was killed after %d of %d portraits, %d were made", before, photos, results())
	if before == photos {
		s.t.Error("the batch was done before the server was killed")
	}
	if got := results(); got != photos {
		s.t.Errorf("%d portraits, want %d\n%s", got, photos, &output)
	}
}
