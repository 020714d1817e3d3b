package export

import (
	"io"
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/launch"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/term"
)

// rendered is the file for any machine, and what it says beside it.
func rendered(t *testing.T, target string, r plan.Request) (file, notes string, err error) {
	t.Helper()
	settings := launch.Settings{UI: term.New(io.Discard, func(string) string { return "" }, true), Version: "v1.2.3"}
	yaml, said, err := Export{Launcher: &launch.Launcher{Settings: settings}, Target: target}.Render(t.Context(), r)
	return string(yaml), strings.Join(said, "\n"), err
}

// TestGateway: each target has a gateway, with keys wherever others can reach it.
func TestGateway(t *testing.T) {
	t.Parallel()
	yes, image := new(true), "registry.example/gateway:1"
	const fromShell = "FACECRAFT_API_KEY by docker compose up"
	for name, tt := range map[string]struct {
		target  string
		request plan.Request
		keys    string // where they come from; empty means none
	}{
		"compose":           {Compose, plan.Request{Gateway: yes}, ""},
		"compose with keys": {Compose, plan.Request{Gateway: yes, KeyFile: "/keys"}, fromShell},
		"compose, beyond":   {Compose, plan.Request{Gateway: yes, Listen: "::"}, fromShell},
		"swarm":             {Swarm, plan.Request{Gateway: yes}, "a secret of the Swarm"},
		"kubernetes":        {Kubernetes, plan.Request{Gateway: yes, Replicas: 3}, "a secret of the cluster"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.request.Tag, tt.request.GatewayImage = "cpu", image
			file, notes, err := rendered(t, tt.target, tt.request)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Count(file, `image: "`+image+`"`) != 1 || strings.Contains(notes, "facecraft push") {
				t.Errorf("the gateway's image is not in the file, or the notes say to push it: %s\n%s", notes, file)
			}
			if got := strings.Contains(file, "API key: taken from "+tt.keys); got != (tt.keys != "") {
				t.Errorf("the keys are not taken from %q\n%s", tt.keys, file)
			}
		})
	}
}

// TestGatewayOnlyIfAsked: what makes up use a gateway puts none into a file.
func TestGatewayOnlyIfAsked(t *testing.T) {
	t.Parallel()
	for _, target := range []string{Compose, Swarm, Kubernetes} {
		file, _, err := rendered(t, target, plan.Request{Tag: "cpu", Replicas: 2, Listen: "0.0.0.0"})
		if err != nil || strings.Contains(file, "serve-gateway") {
			t.Errorf("%s: %v\n%s", target, err, file)
		}
	}
}

func TestGatewayRefused(t *testing.T) {
	t.Parallel()
	_, _, err := rendered(t, Swarm, plan.Request{Gateway: new(true), TLS: &plan.TLS{Cert: "/c", Key: "/k"}})
	if fault.CodeOf(err) != fault.Usage || !strings.Contains(err.Error(), "--tls-cert") {
		t.Errorf("a certificate of this machine: %v", err)
	}
	_, err = Export{Profiles: true}.guarded(plan.Request{Gateway: new(true)})
	if fault.CodeOf(err) != fault.Usage {
		t.Errorf("profiles: %v", err)
	}
}
