// Package cropper is the built-in engine within this process: photos that are
// only to be cropped need a server that can leave the rest alone, and no daemon.
package cropper

import (
	"context"
	"net"
	"os"
	"path/filepath"

	"github.com/djok/facecraft/internal/batch"
	"github.com/djok/facecraft/internal/dockerrun"
	"github.com/djok/facecraft/internal/lite"
	"github.com/djok/facecraft/internal/output"
	"github.com/djok/facecraft/internal/remains"
)

// Cropper answers on this machine only. The caller closes it.
type Cropper struct {
	URL string

	version string
	dir     string // of its pictures, temporary
	forget  func()
	stop    context.CancelFunc
	ended   chan struct{}
}

// ID tells the results of a version's built-in engine from those of servers.
func ID(version string) string { return "built in, " + version }

// Start returns one that is ready. What is asked for last, such as deleting a
// job, is still answered after ctx has ended.
func Start(ctx context.Context, version string, unfinished *remains.List) (*Cropper, error) {
	dir, err := os.MkdirTemp("", "facecraft-")
	if err != nil {
		return nil, output.NoTemporary(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	c := &Cropper{version: version, dir: dir, stop: stop, ended: make(chan struct{}),
		forget: unfinished.Add("pictures in "+dir, "rm -r "+dockerrun.Quote(dir))}
	if err := c.serve(ctx); err != nil {
		close(c.ended)
		c.Close()
		return nil, err
	}
	return c, nil
}

func (c *Cropper) serve(ctx context.Context) error {
	engine, err := lite.New(lite.Config{
		UploadDir: filepath.Join(c.dir, "uploads"),
		OutputDir: filepath.Join(c.dir, "processed"),
		Version:   c.version,
	})
	if err != nil {
		return err
	}
	if err := engine.Load(); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	c.URL = "http://" + listener.Addr().String()
	go func() {
		defer close(c.ended)
		_ = engine.Serve(ctx, listener) // whoever asks it meets an end before its time
	}()
	return nil
}

// Server is it as photos are given to it.
func (c *Cropper) Server() *batch.Server { return &batch.Server{URL: c.URL, ImageID: ID(c.version)} }

// Close ends it and removes its pictures.
func (c *Cropper) Close() {
	c.stop()
	<-c.ended
	os.RemoveAll(c.dir)
	c.forget()
}
