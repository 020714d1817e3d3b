package e2e

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"

	"github.com/djok/facecraft/internal/plan"
)

// TestGateway: three servers have one address, which asks for a key and outlives
// one of them.
func TestGateway(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	u = u.with("XDG_CONFIG_HOME=" + filepath.Join(u.dir, "config"))
	const old, renewed = "sesame-of-the-old-door", "sesame-of-the-new-door"
	keys := filepath.Join(u.dir, "keys")
	writeFile(t, keys, "office "+old+"\n", 0o600)
	up := []string{"up", "--lite", "--replicas", "3", "--no-open", "--api-key-file", keys}

	address := strings.TrimSpace(u.run(up...))
	if got := u.containers(); len(got) != 4 {
		t.Fatalf("%d containers, want three servers and a gateway", len(got))
	}
	for key, want := range map[string]int{
		"": http.StatusUnauthorized, "wrong": http.StatusUnauthorized, old: http.StatusOK,
	} {
		if got := u.statusWith(address, key); got != want {
			t.Errorf("with the key %q HTTP %d, want %d", key, got, want)
		}
	}
	seen := u.everythingSeen()
	u.processWhileOneDies()
	u.expect(0, []string{u.instance + "-gateway", "behind it", "ready: yes", "ready: no: it is not running"}, "status")
	seen += u.expect(0, []string{u.instance + "-gateway | ", u.instance + "-3 | "}, "logs")
	if strings.Contains(seen, old) {
		t.Errorf("the key can be seen:\n%s", seen)
	}

	u.expect(1, []string{"-2 is not running", "there are 2 servers, not 3"}, up...)
	if err := u.docker.ContainerStart(t.Context(), u.instance+"-2", container.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	writeFile(t, keys, "office "+old+"\noffice-2 "+renewed+"\n", 0o600)
	u.expect(0, []string{"accepts the new API keys"}, up...)
	waitFor(t, func() bool { return u.statusWith(address, renewed) == http.StatusOK })
	if got := u.statusWith(address, old); got != http.StatusOK {
		t.Errorf("with the old key HTTP %d although it is still listed", got)
	}
	writeFile(t, keys, "office "+renewed+"\n", 0o600)
	u.run(up...)
	waitFor(t, func() bool { return u.statusWith(address, old) == http.StatusUnauthorized })

	u.run("down")
	u.checkNoContainers()
	u.checkNoNetworks()
}

// TestGatewayMakesKey: beyond loopback nobody gets in without one, and this
// program finds it again.
func TestGatewayMakesKey(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	config := filepath.Join(u.dir, "config")
	u = u.with("XDG_CONFIG_HOME=" + config)
	file := filepath.Join(config, "facecraft", "keys", u.instance)
	u.expect(0, []string{"The API key is in " + file, "cross the network in clear text"},
		"up", "--lite", "--listen", "0.0.0.0", "--no-open")
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the key's file: %v, %v", info, err)
	}
	address := fmt.Sprintf("http://127.0.0.1:%d", u.port)
	if got := u.statusWith(address, ""); got != http.StatusUnauthorized {
		t.Errorf("without a key HTTP %d", got)
	}
	u.run("process", photo(t), "-o", "out.png")
	u.expect(0, []string{"reachable from other machines on 0.0.0.0", "lite engine", "behind it"}, "status")
	u.expect(0, []string{"Removed " + file}, "down", "--purge", "--yes")
	u.checkNothingLeft()
	u.checkNoNetworks()
}

// TestGatewayTLS: a new certificate is used without a restart.
func TestGatewayTLS(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writeCertificate(t, cert, key, 1)
	address := strings.TrimSpace(u.run("up", "--lite", "--gateway", "--no-open", "--tls-cert", cert, "--tls-key", key))
	if address != fmt.Sprintf("https://127.0.0.1:%d", u.port) {
		t.Errorf("the address is %q", address)
	}
	if got := serial(t, u.port); got != 1 {
		t.Errorf("it shows the certificate %d", got)
	}
	u.run("process", photo(t), "-o", "out.png")
	writeCertificate(t, cert, key, 2)
	waitFor(t, func() bool { return serial(t, u.port) == 2 })
	u.expect(0, []string{address, "lite engine"}, "status")
	u.expect(2, []string{"--tls-cert and --tls-key belong together"}, "up", "--gateway", "--tls-cert", cert)
	u.run("down")
}

// statusWith is the status of a request that needs a key.
func (u *user) statusWith(address, key string) int {
	u.t.Helper()
	request, err := http.NewRequestWithContext(u.t.Context(), http.MethodGet, address+"/status", nil)
	if err != nil {
		u.t.Fatal(err)
	}
	if key != "" {
		request.Header.Set("X-API-Key", key)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		u.t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}

// everythingSeen is what docker inspect and a list of the processes show of the
// instance. It checks that only the gateway publishes a port.
func (u *user) everythingSeen() string {
	u.t.Helper()
	var seen bytes.Buffer
	for _, c := range u.containers() {
		inspect, err := u.docker.ContainerInspect(u.t.Context(), c.ID)
		if err != nil {
			u.t.Fatal(err)
		}
		published := 0
		for _, bindings := range inspect.HostConfig.PortBindings { // Podman lists unpublished ports, too
			published += len(bindings)
		}
		if (published > 0) != (c.Labels[plan.LabelRole] == plan.RoleGateway) {
			u.t.Errorf("%v publishes %v", c.Names, inspect.HostConfig.PortBindings)
		}
		if err := json.NewEncoder(&seen).Encode(inspect); err != nil {
			u.t.Fatal(err)
		}
		for _, file := range []string{"cmdline", "environ"} {
			text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", inspect.State.Pid, file))
			if err != nil {
				u.t.Fatal(err)
			}
			seen.Write(text)
		}
	}
	return seen.String()
}

// processWhileOneDies makes portraits of twenty photos, of which none is missing
// although a server is killed.
func (u *user) processWhileOneDies() {
	u.t.Helper()
	in, out := filepath.Join(u.dir, "in"), filepath.Join(u.dir, "out")
	if err := os.Mkdir(in, 0o755); err != nil {
		u.t.Fatal(err)
	}
	copies(u.t, in, photoData(u.t), 20)
	cmd := u.command("process", "-r", in, "-o", out)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		u.t.Fatal(err)
	}
	waitFor(u.t, func() bool { made, _ := filepath.Glob(filepath.Join(out, "*.png")); return len(made) > 2 })
	if err := u.docker.ContainerKill(u.t.Context(), u.instance+"-2", "KILL"); err != nil {
		u.t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		u.t.Errorf("%v\n%s", err, &said)
	}
	if made, _ := filepath.Glob(filepath.Join(out, "*.png")); len(made) != 20 {
		u.t.Errorf("%d portraits, want 20\n%s", len(made), &said)
	}
}

func (u *user) checkNoNetworks() {
	u.t.Helper()
	list, err := u.docker.NetworkList(u.t.Context(), network.ListOptions{
		Filters: filters.NewArgs(filters.Arg("label", plan.LabelInstance+"="+u.instance))})
	if err != nil || len(list) != 0 {
		u.t.Errorf("%d networks left behind, %v", len(list), err)
	}
}

// writeCertificate replaces the files as certbot does. Everybody may read them,
// because these tests may run as root, which no container does.
func writeCertificate(t *testing.T, cert, key string, number int64) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(number), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"photos.example"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{
		cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "EC PRIVATE KEY", Bytes: secret}} {
		writeFile(t, path+".new", string(pem.EncodeToMemory(block)), 0o644)
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
}

// serial is the number of the certificate that a port of this machine shows.
func serial(t *testing.T, port int) int64 {
	t.Helper()
	conn, err := tls.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

func writeFile(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}
