package batch

import (
	"bytes"
	"os"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/photo"
)

// uploadNames are safe file names for uploads: the server uses the name in a
// path and takes the format from its extension.
var uploadNames = map[photo.Format]string{
	photo.JPEG: "photo.jpg",
	photo.PNG:  "photo.png",
	photo.BMP:  "photo.bmp",
	photo.WebP: "photo.webp",
}

// converting allows one conversion at a time: it is the only step that holds a
// whole image in memory.
var converting = make(chan struct{}, 1)

// source is a checked photo that can be sent any number of times.
type source struct {
	api.Upload
	entry entry // with the fields about the photo set
	file  *os.File
}

// open checks a photo by its content, and converts it if the servers cannot
// read it.
func (j *Job) open(withSum bool) (_ *source, err error) {
	file, err := os.Open(j.Path)
	if err != nil {
		return nil, cause(err)
	}
	defer func() {
		if err != nil {
			file.Close()
		}
	}()
	stat, err := file.Stat()
	if err != nil {
		return nil, cause(err)
	}
	info, err := photo.Inspect(file, stat.Size())
	if err != nil {
		return nil, cause(err)
	}
	name, modified := j.journal.relative(j.Path), stat.ModTime().UnixNano()
	s := &source{file: file, entry: entry{Photo: name, PhotoSize: stat.Size(), PhotoTime: modified}}
	if withSum {
		if s.entry.Sum, err = checksum(file, stat.Size()); err != nil {
			return nil, cause(err)
		}
	}
	s.Upload = api.Upload{Name: uploadNames[info.Format], Content: file, Size: stat.Size()}
	if info.Convert {
		s.Upload, err = convert(file, stat.Size(), info)
	}
	return s, err
}

func convert(file *os.File, size int64, info photo.Info) (api.Upload, error) {
	converting <- struct{}{}
	defer func() { <-converting }()
	data, err := photo.Convert(file, size, info)
	return api.Upload{Name: uploadNames[photo.JPEG], Content: bytes.NewReader(data), Size: int64(len(data))}, err
}

func (s *source) close() { s.file.Close() }
