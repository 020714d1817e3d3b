package containers

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/djok/facecraft/internal/catalogue"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/plantest"
)

// TestSpec compares whole containers as sent to the daemon, so that no setting
// changes unnoticed.
func TestSpec(t *testing.T) {
	t.Parallel()
	catalogue, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		facts   plan.Facts
		request plan.Request
		secrets map[string]string
		want    string
	}{
		"data": {plantest.SELinux(),
			plan.Request{Tag: "lite", Data: "/home/maria/faces", Env: []plan.Env{{Name: "A", Value: "b=c"}},
				Secrets: []plan.Secret{{Name: "TOKEN"}}}, map[string]string{"TOKEN": "hush"}, `{
  "config": {
    "Image": "facecraft-lite:0123456789ab",
    "User": "1234:1234",
    "Env": ["FACECRAFT_CORS_ORIGINS=http://127.0.0.1:8000,http://localhost:8000", "FACECRAFT_ALLOWED_HOSTS=facecraft",
      "U2NET_HOME=/home/appuser/.u2net", "NUMBA_CACHE_DIR=/tmp/numba", "MPLCONFIGDIR=/tmp/matplotlib",
      "TORCH_HOME=/tmp/torch", "XDG_CACHE_HOME=/tmp/cache", "A=b=c", "TOKEN=hush"],
    "ExposedPorts": {"8000/tcp": {}},
    "Labels": {"io.facecraft.instance": "facecraft", "io.facecraft.plan": "HASH",
      "io.facecraft.variant": "lite", "io.facecraft.version": "v1"},
    "Healthcheck": {"Test": ["CMD", "/facecraft", "check-lite"], "Interval": 30000000000, "Timeout": 60000000000,
      "StartPeriod": 180000000000, "Retries": 5},
    "StopTimeout": 30
  },
  "host": {
    "PortBindings": {"8000/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8000"}]},
    "Binds": ["/home/maria/faces/uploads:/app/uploads:z", "/home/maria/faces/processed:/app/processed:z"],
    "GroupAdd": ["1000"],
    "Tmpfs": {"/tmp": ""},
    "ReadonlyRootfs": true,
    "CapDrop": ["ALL"],
    "SecurityOpt": ["no-new-privileges"],
    "Memory": 805306368,
    "MemorySwap": 805306368,
    "PidsLimit": 128,
    "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}}
  },
  "platform": {"architecture": "amd64", "os": "linux"}
}`},
		"lite": {plantest.Workstation(), plan.Request{Tag: "lite", Port: 9000}, nil, `{
  "config": {
    "Image": "facecraft-lite:0123456789ab",
    "User": "1000:1000",
    "Env": ["FACECRAFT_CORS_ORIGINS=http://127.0.0.1:9000,http://localhost:9000", "FACECRAFT_ALLOWED_HOSTS=facecraft"],
    "ExposedPorts": {"8000/tcp": {}},
    "Labels": {"io.facecraft.instance": "facecraft", "io.facecraft.plan": "HASH",
      "io.facecraft.variant": "lite", "io.facecraft.version": "v1"},
    "Healthcheck": {"Test": ["CMD", "/facecraft", "check-lite"], "Interval": 30000000000, "Timeout": 60000000000,
      "StartPeriod": 180000000000, "Retries": 5},
    "StopTimeout": 30
  },
  "host": {
    "PortBindings": {"8000/tcp": [{"HostIp": "127.0.0.1", "HostPort": "9000"}]},
    "Mounts": [
      {"Type": "volume", "Source": "facecraft_uploads", "Target": "/app/uploads"},
      {"Type": "volume", "Source": "facecraft_processed", "Target": "/app/processed"}
    ],
    "Tmpfs": {"/tmp": ""},
    "ReadonlyRootfs": true,
    "CapDrop": ["ALL"],
    "SecurityOpt": ["no-new-privileges"],
    "Memory": 805306368,
    "MemorySwap": 805306368,
    "PidsLimit": 128,
    "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}}
  },
  "platform": {"architecture": "amd64", "os": "linux"}
}`},
		"gateway": {plantest.Laptop(), plan.Request{Gateway: new(true), Replicas: 2, Listen: "0.0.0.0"}, nil, `{
  "config": {
    "Image": "facecraft-lite:0123456789ab",
    "Cmd": ["serve-gateway"],
    "User": "1000:1000",
    "Env": ["FACECRAFT_GATEWAY_SERVERS=http://facecraft:8000,http://facecraft-2:8000",
      "FACECRAFT_GATEWAY_PUBLISHED=0.0.0.0:8000", "FACECRAFT_CORS_ORIGINS=http://127.0.0.1:8000,http://localhost:8000",
      "FACECRAFT_GATEWAY_KEYS=/run/facecraft/keys"],
    "ExposedPorts": {"8000/tcp": {}},
    "Labels": {"io.facecraft.instance": "facecraft", "io.facecraft.plan": "HASH", "io.facecraft.role": "gateway",
      "io.facecraft.variant": "cpu", "io.facecraft.version": "v1"},
    "Healthcheck": {"Test": ["CMD", "/facecraft", "check-gateway"], "Interval": 30000000000, "Timeout": 60000000000,
      "StartPeriod": 180000000000, "Retries": 5},
    "StopTimeout": 30
  },
  "host": {
    "NetworkMode": "facecraft-gateway",
    "PortBindings": {"8000/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8000"}]},
    "CapDrop": ["ALL"],
    "SecurityOpt": ["no-new-privileges"],
    "Memory": 268435456,
    "MemorySwap": 268435456,
    "PidsLimit": 128,
    "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}}
  },
  "platform": {"architecture": "amd64", "os": "linux"}
}`},
		"gpu": {plantest.Workstation(), plan.Request{Tag: "gpu"}, nil, `{
  "config": {
    "Image": "djok/facecraft:gpu",
    "User": "1000:1000",
    "Env": ["FACECRAFT_CORS_ORIGINS=http://127.0.0.1:8000,http://localhost:8000"],
    "ExposedPorts": {"8000/tcp": {}},
    "Labels": {"io.facecraft.gpus": "all", "io.facecraft.instance": "facecraft", "io.facecraft.plan": "HASH",
      "io.facecraft.variant": "gpu", "io.facecraft.version": "v1"},
    "Healthcheck": {"Test": ["CMD-SHELL"], "Interval": 30000000000, "Timeout": 60000000000,
      "StartPeriod": 180000000000, "Retries": 5},
    "StopTimeout": 30
  },
  "host": {
    "PortBindings": {"8000/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8000"}]},
    "Mounts": [
      {"Type": "volume", "Source": "facecraft_uploads", "Target": "/app/uploads"},
      {"Type": "volume", "Source": "facecraft_processed", "Target": "/app/processed"}
    ],
    "Init": true,
    "CapDrop": ["ALL"],
    "SecurityOpt": ["no-new-privileges"],
    "Memory": 8589934592,
    "MemorySwap": 8589934592,
    "PidsLimit": 512,
    "DeviceRequests": [{"Driver": "", "Count": -1, "DeviceIDs": null, "Capabilities": [["gpu"]], "Options": null}],
    "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}}
  },
  "platform": {"architecture": "amd64", "os": "linux"}
}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := plan.Make(tt.facts, catalogue, tt.request)
			if err != nil {
				t.Fatal(err)
			}
			config, host, platform := Spec(p.Front(), tt.secrets, "v1")
			config.Labels[plan.LabelPlan] = "HASH"
			if config.Healthcheck.Test[0] == "CMD-SHELL" { // a script, tested in the catalogue
				config.Healthcheck.Test = config.Healthcheck.Test[:1]
			}
			got := canonical(t, map[string]any{"config": config, "host": host, "platform": platform})
			var want any
			if err := json.Unmarshal([]byte(tt.want), &want); err != nil {
				t.Fatal(err)
			}
			if want := canonical(t, want); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// canonical writes the values that are set, as JSON. Docker's types also write
// zero values, which the daemon treats as not set.
func canonical(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var plain any
	if err := json.Unmarshal(data, &plain); err != nil {
		t.Fatal(err)
	}
	data, err = json.MarshalIndent(withoutZeros(plain), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func withoutZeros(v any) any {
	object, ok := v.(map[string]any)
	if !ok {
		if list, ok := v.([]any); ok {
			for i := range list {
				list[i] = withoutZeros(list[i])
			}
		}
		return v
	}
	for key, value := range object {
		if key == "8000/tcp" || key == "/tmp" {
			continue // here the key itself is the setting
		}
		switch value := withoutZeros(value).(type) {
		case nil:
			delete(object, key)
		case bool:
			if !value {
				delete(object, key)
			}
		case float64:
			if value == 0 {
				delete(object, key)
			}
		case string:
			if value == "" {
				delete(object, key)
			}
		case []any:
			allZero := true
			for _, element := range value {
				allZero = allZero && element == 0.0
			}
			if allZero {
				delete(object, key)
			}
		case map[string]any:
			if len(value) == 0 {
				delete(object, key)
			}
		}
	}
	return object
}

// TestSpecBehindGateway: such servers publish nothing.
func TestSpecBehindGateway(t *testing.T) {
	t.Parallel()
	p := plantest.Make(t, plantest.Laptop(), plan.Request{Gateway: new(true)})
	config, host, _ := Spec(p.First(), nil, "v1")
	if len(host.PortBindings) != 0 || host.NetworkMode != "facecraft-gateway" || len(config.Cmd) != 0 {
		t.Errorf("it publishes %v in the network %s and runs %v", host.PortBindings, host.NetworkMode, config.Cmd)
	}
}

func TestReadOnlyBinds(t *testing.T) {
	t.Parallel()
	c := plan.Container{Binds: []plan.Bind{{Source: "/a", Target: "/b", ReadOnly: true},
		{Source: "/c", Target: "/d", ReadOnly: true, Relabel: true}}}
	if mounts := Mounts(c); len(mounts) != 1 || !mounts[0].ReadOnly {
		t.Errorf("mounts are %+v", mounts)
	}
	if binds := Relabelled(c.Binds); !slices.Equal(binds, []string{"/c:/d:z,ro"}) {
		t.Errorf("relabelled are %q", binds)
	}
}

func TestDevicesByID(t *testing.T) {
	t.Parallel()
	if got := Devices(nil); got != nil {
		t.Errorf("without a request got %v", got)
	}
	got := Devices(&plan.GPURequest{IDs: []string{"GPU-1"}})
	if len(got) != 1 || got[0].Count != 0 || len(got[0].DeviceIDs) != 1 {
		t.Errorf("by ID gave %+v; the daemon rejects a count together with IDs", got)
	}
}
