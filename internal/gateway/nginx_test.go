package gateway

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// nginxConfig is nginx as it would stand in front of several servers.
const nginxConfig = `
%[4]s daemon off; worker_processes 1; pid %[1]s/pid; error_log %[1]s/error.log;
events { worker_connections 512; }
http {
  access_log off; client_max_body_size 21m; client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy;
  fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
  upstream servers { least_conn; keepalive 16; %[3]s }
  server {
    listen %[2]s;
    location / {
      proxy_pass http://servers; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_next_upstream error timeout non_idempotent; proxy_next_upstream_tries 2; proxy_read_timeout 600s;
    }
  }
}`

// startNginx returns its address. The test is skipped without nginx.
func startNginx(t testing.TB, servers ...*child) *child {
	t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		program = "/usr/sbin/nginx"
	}
	if _, err := os.Stat(program); err != nil {
		t.Skip("nginx is not installed")
	}
	dir, address := t.TempDir(), freeAddress(t)
	var upstream strings.Builder
	for _, s := range servers {
		fmt.Fprintf(&upstream, "server %s max_fails=1 fail_timeout=2s; ", s.address)
	}
	user := ""
	if os.Getuid() == 0 { // otherwise its worker could not write its files
		user = "user root;"
	}
	config := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(config,
		fmt.Appendf(nil, nginxConfig, dir, address, upstream.String(), user), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	c := &child{command: exec.Command(program, "-c", config, "-p", dir), address: address}
	c.command.Stderr = os.Stderr
	if err := c.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.command.Process.Signal(os.Interrupt) // its worker ends with it
		_ = c.command.Wait()
	})
	within(t, "nginx listens", func() bool {
		connection, err := net.Dial("tcp", address)
		if err == nil {
			_ = connection.Close()
		}
		return err == nil
	})
	return c
}

func freeAddress(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
