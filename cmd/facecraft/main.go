// Command facecraft runs the facecraft portrait API on this machine and gives
// it photos.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/djok/facecraft/internal/cli"
)

// version and releaseKey are set by the release build.
var (
	version    = "dev"
	releaseKey string
)

func main() {
	code := cli.Main(context.Background(), cli.World{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Getenv: os.Getenv, Version: version, ReleaseKey: releaseKey, UID: os.Getuid(),
		Signals: interruptions(), Exit: os.Exit,
	}, os.Args)
	os.Exit(code)
}

// interruptions are the signals that ask the program to end. One that is
// ignored from the start stays so: that is how nohup and shells keep a program
// from them.
func interruptions() <-chan os.Signal {
	signals := make(chan os.Signal, 2)
	// SIGTERM is also how Docker stops the lite engine, which runs as process 1.
	for _, each := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(each) {
			signal.Notify(signals, each)
		}
	}
	// A write to a pipe that nobody reads is an error from here on, and no
	// longer the end of the process.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	return signals
}
