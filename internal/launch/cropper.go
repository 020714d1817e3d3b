package launch

import (
	"context"
	"net"
	"os"
	"path/filepath"

	"github.com/djok/facecraft/internal/batch"
	"github.com/djok/facecraft/internal/dockerrun"
	"github.com/djok/facecraft/internal/lite"
	"github.com/djok/facecraft/internal/output"
)

// cropper is the built-in engine within this process: photos that are only to
// be cropped need a server that can leave the rest alone, and no daemon.
type cropper struct {
	dir    string // of its pictures, temporary
	forget func()
	stop   context.CancelFunc
	ended  chan struct{}
}

// startCropper has it answer on this machine only.
func (p *Processing) startCropper(ctx context.Context) ([]*batch.Server, error) {
	dir, err := os.MkdirTemp("", "facecraft-")
	if err != nil {
		return nil, output.NoTemporary(err)
	}
	// What is asked for last, such as deleting a job, is still answered.
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	forget := p.Settings.Unfinished.Add("pictures in "+dir, "rm -r "+dockerrun.Quote(dir))
	p.cropper = &cropper{dir: dir, forget: forget, stop: stop, ended: make(chan struct{})}
	address, err := p.cropper.serve(ctx, p.Settings.Version)
	if err != nil {
		return nil, err
	}
	return []*batch.Server{{URL: "http://" + address, ImageID: p.cropperID()}}, nil
}

func (c *cropper) serve(ctx context.Context, version string) (address string, err error) {
	defer func() {
		if err != nil {
			close(c.ended)
		}
	}()
	engine, err := lite.New(lite.Config{
		UploadDir: filepath.Join(c.dir, "uploads"),
		OutputDir: filepath.Join(c.dir, "processed"),
		Version:   version,
	})
	if err != nil {
		return "", err
	}
	if err := engine.Load(); err != nil {
		return "", err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	go func() {
		defer close(c.ended)
		_ = engine.Serve(ctx, listener) // whoever asks it meets an end before its time
	}()
	return listener.Addr().String(), nil
}

// close ends it, if it was started, and removes its pictures.
func (c *cropper) close() {
	if c == nil {
		return
	}
	c.stop()
	<-c.ended
	os.RemoveAll(c.dir)
	c.forget()
}

// cropperID tells its results from those of servers.
func (p *Processing) cropperID() string { return "built in, " + p.Settings.Version }
