// Command facecraft runs the facecraft portrait API on this machine and gives
// it photos.
package main

import (
	"context"
	"os"
	"os/signal"

	"github.com/djok/facecraft/internal/cli"
)

// version is set by the release build.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := cli.Main(ctx, cli.World{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Getenv: os.Getenv, Version: version, UID: os.Getuid(),
	}, os.Args)
	stop()
	os.Exit(code)
}
