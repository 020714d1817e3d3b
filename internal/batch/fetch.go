package batch

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/output"
)

// fetch downloads the finished portrait and writes it.
func (t *task) fetch(ctx context.Context) error {
	t.run.waits.begin(t, Wait{Phase: Fetching, Photo: t.job.Name, Server: t.member.Server.URL})
	defer t.run.waits.end(t)
	made := t.source.entry
	made.Options, made.ImageID = t.run.Recipe.String(), t.member.Server.ImageID
	return t.run.results.save(t.job, made, func(file *os.File, format string) error {
		return t.download(ctx, file, format)
	})
}

// download downloads a portrait into a file and checks it.
func (t *task) download(ctx context.Context, file *os.File, format string) error {
	err := t.member.Server.client.Download(ctx, file, t.made.Job, format)
	var disk *fs.PathError
	if errors.As(err, &disk) {
		return &unwritable{err}
	}
	if err != nil {
		return err
	}
	picture, err := t.examine(file, format)
	if err != nil {
		return err
	}
	if err := picture.CheckBytes(t.run.Recipe.MaxBytes); err != nil {
		return err
	}
	return t.prove(ctx, picture)
}

// prove checks that the server did not swap the background's colours. A PNG
// does not show that, because its corners are transparent, so for the first one
// the job's JPEG is fetched, too.
func (t *task) prove(ctx context.Context, picture api.Picture) error {
	if picture.Format == PNG {
		if !t.member.Server.unproven(t.asked) {
			return nil
		}
		var err error
		if picture, err = t.aside(ctx); err != nil {
			return err
		}
	}
	return t.member.Server.prove(t.asked, picture, t.run.Recipe.Oval)
}

// aside examines the job's JPEG without keeping it.
func (t *task) aside(ctx context.Context) (api.Picture, error) {
	file, err := output.Temporary(filepath.Dir(t.job.Results[0]))
	if err != nil {
		return api.Picture{}, &unwritable{err}
	}
	defer os.Remove(file.Name())
	defer file.Close()
	if err := t.member.Server.client.Download(ctx, file, t.made.Job, JPG); err != nil {
		return api.Picture{}, err
	}
	return t.examine(file, JPG)
}

// examine checks a file that was just written.
func (t *task) examine(written *os.File, format string) (api.Picture, error) {
	file, err := os.Open(written.Name())
	if err != nil {
		return api.Picture{}, &unwritable{err}
	}
	defer file.Close()
	return api.Examine(file, format, t.run.Recipe.Options)
}

// forget deletes the job on the server. It is best effort: the server cleans up
// after a restart anyway.
func (t *task) forget(ctx context.Context) {
	if t.made.Job != "" {
		_ = t.member.Server.client.DeleteJob(context.WithoutCancel(ctx), t.made.Job)
		t.made = api.Processed{}
	}
}
