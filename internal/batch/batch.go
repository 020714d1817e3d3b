// Package batch gives photos to a server and puts the portraits on disk. An
// input is never touched, a result is whole or absent, and an existing file
// is only replaced when asked.
package batch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/fault"
)

// suffix marks a result that lies beside its photo.
const suffix = "-facecraft.png"

// maxPhoto bounds an input, in bytes. The largest camera JPEGs have a third
// of it.
const maxPhoto = 100 << 20

// uploadNames are the harmless names under which photos are sent, by content
// type: the server joins the name into a path and reads the format from its
// extension.
var uploadNames = map[string]string{
	"image/jpeg": "photo.jpg",
	"image/png":  "photo.png",
	"image/bmp":  "photo.bmp",
	"image/webp": "photo.webp",
}

// Options say where results go.
type Options struct {
	// Output is a directory, or a file's name for a single photo; empty puts
	// each result beside its photo.
	Output string
	// Force allows to replace existing results.
	Force bool
}

// Job is one photo with the place of its result.
type Job struct {
	Photo  string
	Result string
	// Problem is why the photo cannot be sent; nil when it can.
	Problem error
}

// Prepare checks photos and their results' places before anything is sent. A
// photo with a problem does not stop the others.
func Prepare(photos []string, o Options) ([]Job, error) {
	into, err := o.directory(len(photos))
	if err != nil {
		return nil, err
	}
	taken := map[string]string{}
	var jobs []Job
	for _, photo := range photos {
		job := Job{Photo: photo, Result: o.result(photo, into)}
		job.Problem = job.check(o.Force)
		if first, ok := taken[job.Result]; ok && job.Problem == nil {
			job.Problem = fmt.Errorf("its result would be %s, as that of %s", job.Result, first)
		}
		taken[job.Result] = photo
		jobs = append(jobs, job)
	}
	return jobs, nil
}

// directory tells whether Output is one, and creates it.
func (o Options) directory(photos int) (bool, error) {
	if o.Output == "" {
		return false, nil
	}
	info, err := os.Stat(o.Output)
	isDir := err == nil && info.IsDir()
	asDir := strings.HasSuffix(o.Output, "/") || strings.HasSuffix(o.Output, string(filepath.Separator)) ||
		photos > 1 || filepath.Ext(o.Output) == ""
	switch {
	case isDir:
		return true, nil
	case asDir:
		if err := os.MkdirAll(o.Output, 0o777); err != nil {
			return false, fault.Wrap(fault.Usage, err, "choose another place with -o", "the directory for the results cannot be made")
		}
		return true, nil
	case !strings.EqualFold(filepath.Ext(o.Output), ".png"):
		return false, fault.New(fault.Usage, "name a file that ends in .png, or a directory",
			"the result is a PNG and cannot be called %s", o.Output)
	}
	return false, nil
}

func (o Options) result(photo string, into bool) string {
	name := filepath.Base(photo)
	name = strings.TrimSuffix(name, filepath.Ext(name)) + suffix
	switch {
	case into:
		return filepath.Join(o.Output, name)
	case o.Output != "":
		return o.Output
	}
	return filepath.Join(filepath.Dir(photo), name)
}

// check finds what can be known without the server.
func (j Job) check(force bool) error {
	info, err := os.Stat(j.Photo)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("there is no such file")
	case err != nil:
		return err
	case info.IsDir():
		return errors.New("it is a directory; name the photos in it")
	case !info.Mode().IsRegular():
		return errors.New("it is not a file")
	case info.Size() == 0:
		return errors.New("it is empty")
	case info.Size() > maxPhoto:
		return fmt.Errorf("it is larger than %d MB", maxPhoto>>20)
	}
	existing, err := os.Stat(j.Result)
	switch {
	case err == nil && os.SameFile(info, existing):
		return fmt.Errorf("the result would replace the photo itself; choose another place with -o")
	case err == nil && existing.IsDir():
		return fmt.Errorf("%s is a directory", j.Result)
	case err == nil && !force:
		return fmt.Errorf("%s exists; --force replaces it", j.Result)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	_, _, err = j.read()
	return err
}

// read loads the photo and names it by its content, whatever it is called.
func (j Job) read() (uploadName string, photo []byte, err error) {
	photo, err = os.ReadFile(j.Photo)
	if err != nil {
		return "", nil, err
	}
	kind := http.DetectContentType(photo)
	uploadName, ok := uploadNames[kind]
	if !ok {
		return "", nil, errors.New("it is no JPEG, PNG, BMP or WebP picture, whatever its name")
	}
	return uploadName, photo, nil
}

// Do sends the photo and writes the portrait. A photo that the server refuses
// gives an *api.Rejected.
func (j Job) Do(ctx context.Context, server *api.Client, force bool) error {
	name, photo, err := j.read()
	if err != nil {
		return err
	}
	done, err := server.Process(ctx, name, photo)
	if done.Job != "" {
		// Best effort: the server cleans up at some later start by itself.
		defer func() { _ = server.DeleteJob(context.WithoutCancel(ctx), done.Job) }()
	}
	if err != nil {
		return err
	}
	return writeWhole(j.Result, force, func(file *os.File) error {
		return server.Download(ctx, file, done.Job, "png")
	})
}
