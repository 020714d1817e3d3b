package gateway

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The test binary runs itself as a gateway or as a server, so that either can be
// killed, and be measured on its own.
const childVariable = "FACECRAFT_GATEWAY_TEST_CHILD"

func TestMain(m *testing.M) {
	switch os.Getenv(childVariable) {
	case "gateway":
		runGateway()
	case "server":
		runServer()
	default:
		os.Exit(m.Run())
	}
}

// child is a running process.
type child struct {
	command *exec.Cmd
	address string
}

func (c *child) url() string { return "http://" + c.address }

// kill ends the process without a warning.
func (c *child) kill() {
	_ = c.command.Process.Kill() // it may have ended
	_ = c.command.Wait()         // killed
}

// start runs the test binary as a child that says its address once it listens. An
// address ending in :0 is chosen by the system.
func start(t testing.TB, what, address string, env ...string) *child {
	t.Helper()
	c := &child{command: exec.Command(os.Args[0])}
	c.command.Env = append(os.Environ(), append(env, childVariable+"="+what, "ADDRESS="+address)...)
	c.command.Stderr = os.Stderr
	out, err := c.command.StdoutPipe()
	if err == nil {
		err = c.command.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("a %s does not start: %v", what, err)
	}
	c.address = strings.TrimSpace(line)
	return c
}

// listen says the address on standard output.
func listen() net.Listener {
	listener, err := net.Listen("tcp", os.Getenv("ADDRESS"))
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr())
	return listener
}

func runGateway() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	listener := listen()
	err := Serve(ctx, listener, Config{
		Servers: strings.Fields(os.Getenv("SERVERS")), Loopback: true, Hosts: []string{listener.Addr().String()},
		Log: io.Discard,
	}, nil)
	if err != nil {
		panic(err)
	}
}

// photoMark begins the name of a photo in its content, of markLength bytes.
const (
	photoMark  = "PHOTO-"
	markLength = 16
)

// runServer answers with a portrait WORK after it has the photo, one at a time. The
// portrait begins with the photo's mark.
func runServer() {
	work, err := time.ParseDuration(os.Getenv("WORK"))
	if err != nil {
		panic(err)
	}
	portrait := make([]byte, 100_000)
	var turn sync.Mutex
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ready", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"ready":true,"models_loaded":true}`)
	})
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") })
	answer := func(w http.ResponseWriter, r *http.Request, write func(photo string)) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		turn.Lock()
		time.Sleep(work)
		turn.Unlock()
		mark := body[max(bytes.Index(body, []byte(photoMark)), 0):]
		write(string(mark[:min(len(mark), markLength)]))
	}
	mux.HandleFunc("POST /api/v1/process", func(w http.ResponseWriter, r *http.Request) {
		answer(w, r, func(string) { _, _ = io.WriteString(w, `{"success":true,"job_id":"01234567"}`) })
	})
	mux.HandleFunc("POST /api/v1/process/quick", func(w http.ResponseWriter, r *http.Request) {
		answer(w, r, func(photo string) {
			w.Header().Set("Content-Length", fmt.Sprint(len(photo)+len(portrait)))
			_, _ = io.WriteString(w, photo)
			_, _ = w.Write(portrait)
		})
	})
	panic(http.Serve(listen(), mux))
}
