package e2e

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/dockertest"
)

// TestComposeGateway runs the exported file: two servers without ports behind a
// gateway, whose image was pushed, and which asks for a key.
func TestComposeGateway(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	dockertest.DockerOnly(t, u.docker, "its Compose needs an engine of Docker")
	dockertest.Need(t, composeInstalled(), "docker compose")
	host := dockertest.Registry(t)
	dockertest.RemoveImages(t, u.docker, host+"/")
	pushed := strings.TrimSpace(u.run("push", host+"/facecraft:gateway"))
	file := filepath.Join(u.dir, "gateway.yml")
	u.run("pull", "--tag", "lite")
	u.run("compose", "--lite", "--replicas", "2", "--gateway", "--gateway-image", pushed, "--listen", "0.0.0.0",
		"--output", file)
	const key = "correct-horse"
	compose := fmt.Sprintf("FACECRAFT_API_KEY=%s docker compose -f %s ", key, file)
	u.shell(compose + "config --quiet")
	t.Cleanup(func() { _ = exec.Command("docker", "compose", "-p", u.instance, "down", "--volumes").Run() })
	u.shell(compose + "up --detach --quiet-pull")
	url := fmt.Sprintf("http://127.0.0.1:%d", u.port)
	waitFor(t, func() bool { return statusOf(url+"/readiness", "") == http.StatusOK })
	if got := statusOf(url+"/status", ""); got != http.StatusUnauthorized {
		t.Errorf("without a key it answers %d", got)
	}
	if got := statusOf(url+"/status", key); got != http.StatusOK {
		t.Errorf("with the key it answers %d", got)
	}
	published := 0
	for _, c := range u.containers() {
		inspect, err := u.docker.ContainerInspect(t.Context(), c.ID)
		if err != nil {
			t.Fatal(err)
		}
		if len(inspect.HostConfig.PortBindings) > 0 {
			published++
		}
		if strings.Contains(fmt.Sprint(inspect.Config), key) {
			t.Errorf("the key is in the configuration of %s", inspect.Name)
		}
	}
	if published != 1 {
		t.Errorf("%d containers publish a port", published)
	}
	out := filepath.Join(u.dir, "portrait.png")
	u.shell(fmt.Sprintf("curl -fsS -H 'X-API-Key: %s' -F file=@%s -o %s %s/api/v1/process/quick", key, photo(t), out, url))
	if info, err := os.Stat(out); err != nil || info.Size() < 1000 {
		t.Errorf("the portrait: %v, %v", info, err)
	}
}

// statusOf is the status of an answer, or 0.
func statusOf(url, key string) int {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return 0
	}
	if key != "" {
		request.Header.Set("Authorization", "Bearer "+key)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	response.Body.Close()
	return response.StatusCode
}
