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

// version is set by the release build.
var version = "dev"

func main() {
	// SIGTERM is also how Docker stops the lite engine, which runs as process 1.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C does not wait for the clean-up
	code := cli.Main(ctx, cli.World{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Getenv: os.Getenv, Version: version, UID: os.Getuid(),
	}, os.Args)
	os.Exit(code)
}
