// Command stub imitates a server that misbehaves. Tests build images of it; its
// arguments select the behaviour:
//
//	silent          keeps running and never listens
//	dies            logs an error and exits with code 3
//	unready         answers 200 with a body that says that it is not ready
//	says            prints the variable SAYS and exits with code 1
//	kills           kills itself with SIGKILL, like the kernel's OOM killer
//	eats            allocates memory until none is left
//	writes DIR...   becomes ready if it can write to the directories, else dies
//	leaves DIR...   writes to the directories and exits
//	busy DURATION   accepts connections but does not respond until DURATION has passed
//	cpu             is ready, runs on the CPU and has no enhancer
//	check-lite      is the health check of its image: exits with code 0 if ready
//	stumbles        is ready, and answers each photo with 500 and a traceback
//	portraits FAULT...  processes photos; with the faults of portrait.go
//	models          holds memory, as a worker of it does
//	-c SCRIPT       as Python would, prints the variable LIBRARIES
//	old DURATION    answers as version 1.0.0 does: no /readiness, and /ready
//	                with 200 and a body that says false until DURATION has passed
//	unloadable LINE prints LINE, then fails over each question whether it is
//	                ready, as version 1.0.0 does when its models cannot be loaded,
//	                and prints how many questions it has at once
package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

func main() {
	switch os.Args[1] {
	case "silent":
		time.Sleep(time.Hour) // a bare select would be detected as a deadlock
	case "dies":
		fmt.Println("loading models")
		fmt.Fprintln(os.Stderr, "cannot continue")
		os.Exit(3)
	case "check-lite":
		check()
	case "unready":
		old(time.Now().Add(time.Hour))
	case "says":
		fmt.Println(os.Getenv("SAYS"))
		os.Exit(1)
	case "kills":
		fmt.Println("loading models")
		os.Exit(137)
	case "eats":
		eat()
	case "writes":
		write(os.Args[2:])
		old(time.Now())
	case "leaves":
		write(os.Args[2:])
	case "busy":
		busy(time.Now().Add(duration()))
	case "cpu":
		http.HandleFunc("/status", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, cpuStatus) })
		old(time.Now())
	case "unloadable":
		unloadable(os.Args[2])
	case "stumbles":
		http.HandleFunc("POST /api/v1/process", stumble)
		old(time.Now())
	case "portraits":
		servePortraits(os.Args[2:])
	case "models":
		models()
		time.Sleep(time.Hour)
	case "-c":
		fmt.Print(os.Getenv("LIBRARIES"))
	case "old":
		old(time.Now().Add(duration()))
	default:
		panic("unknown behaviour " + os.Args[1])
	}
}

func check() {
	response, err := http.Get("http://127.0.0.1:8000/ready")
	if err != nil {
		os.Exit(1)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil || !bytes.Contains(body, []byte(`"ready":true`)) {
		os.Exit(1)
	}
}

func duration() time.Duration {
	d, err := time.ParseDuration(os.Args[2])
	if err != nil {
		panic(err)
	}
	return d
}

func old(readyAt time.Time) {
	http.HandleFunc("/ready", func(w http.ResponseWriter, _ *http.Request) {
		ready := time.Now().After(readyAt)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"ready":%v,"models_loaded":%v}`, ready, ready)
	})
	http.HandleFunc("/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"info":{"title":"Facecraft API","version":"1.0.0"},"paths":{"/health":{"get":{"summary":"Health"}}}}`)
	})
	// Like Swagger UI's page, with a script from a host that does not exist.
	http.HandleFunc("/docs", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<script src="https://cdn.invalid/swagger-ui-bundle.js"></script>`)
	})
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"detail":"Not Found"}`)
	})
	panic(http.ListenAndServe(":8000", nil))
}

// cpuStatus is the status of a GPU image that found no GPU and could not load a
// model.
const cpuStatus = `{"status":"operational","version":"1.0.0","device":{"type":"cpu","name":"CPU"},"models":{
	"face_detector":{"loaded":true,"type":"dlib"},"face_landmarks":{"loaded":true,"type":"dlib"},
	"face_enhancer":{"loaded":false,"type":"CodeFormer"},"background_remover":{"loaded":true,"type":"rembg"}}}`

// stumble acts like uvicorn with an uncaught exception.
func stumble(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	fmt.Fprint(os.Stderr, "ERROR:    Exception in ASGI application\nTraceback (most recent call last):\n",
		"  File \"/app/facecraft/main.py\", line 7, in process\n    work()\nRuntimeError: the model is out of tune\n")
	http.Error(w, "Internal Server Error", http.StatusInternalServerError)
}

func eat() {
	var eaten [][]byte
	for {
		piece := make([]byte, 16<<20)
		for i := 0; i < len(piece); i += 4096 {
			piece[i] = 1
		}
		eaten = append(eaten, piece)
		fmt.Println("loaded", len(eaten)*16, "MB of models")
	}
}

func write(dirs []string) {
	for _, dir := range dirs {
		if err := os.WriteFile(filepath.Join(dir, "written"), nil, 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "PermissionError:", err)
			os.Exit(1)
		}
	}
}

// busy acts like a server that processes a photo on its event loop: it accepts
// connections but does not respond.
func busy(until time.Time) {
	http.HandleFunc("/readiness", func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(time.Until(until))
		fmt.Fprint(w, `{"ready":true}`)
	})
	panic(http.ListenAndServe(":8000", nil))
}

func unloadable(line string) {
	fmt.Println(line)
	var asked atomic.Int32
	http.HandleFunc("/ready", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Println("questions at once:", asked.Add(1))
		time.Sleep(300 * time.Millisecond)
		asked.Add(-1)
		http.Error(w, "Internal Server Error", http.StatusInternalServerError)
	})
	panic(http.ListenAndServe(":8000", nil))
}
