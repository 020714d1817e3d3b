// Command stub stands in for a server that misbehaves. Tests make images of
// it; its arguments say how it behaves:
//
//	silent          runs and never listens
//	dies            says so and ends with exit code 3
//	old DURATION    answers as version 1.0.0 does: no /readiness, and /ready
//	                with 200 and a body that says false until DURATION has passed
package main

import (
	"fmt"
	"net/http"
	"os"
	"time"
)

func main() {
	switch os.Args[1] {
	case "silent":
		time.Sleep(time.Hour) // a bare select would be found out as a deadlock
	case "dies":
		fmt.Println("loading models")
		fmt.Fprintln(os.Stderr, "cannot go on")
		os.Exit(3)
	case "old":
		delay, err := time.ParseDuration(os.Args[2])
		if err != nil {
			panic(err)
		}
		old(time.Now().Add(delay))
	default:
		panic("unknown behaviour " + os.Args[1])
	}
}

func old(readyAt time.Time) {
	http.HandleFunc("/ready", func(w http.ResponseWriter, _ *http.Request) {
		ready := time.Now().After(readyAt)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"ready":%v,"models_loaded":%v}`, ready, ready)
	})
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"detail":"Not Found"}`)
	})
	panic(http.ListenAndServe(":8000", nil))
}
