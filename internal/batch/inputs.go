package batch

import (
	"errors"
	"io/fs"
	"os"
	"sync"
)

// inputs are the files a command was given. None of them is ever replaced, under
// whatever name, link or spelling.
type inputs struct {
	photos, skipped []Photo

	once  sync.Once
	index map[likeness][]input
}

type input struct {
	Photo
	info fs.FileInfo
}

// likeness is equal for all names of a file on every system. It narrows down the
// candidates for os.SameFile.
type likeness struct {
	size int64
	time int64 // modification time in ns since 1970
}

func likenessOf(info fs.FileInfo) likeness { return likeness{info.Size(), info.ModTime().UnixNano()} }

// find returns the input that a file is, if any.
func (in *inputs) find(file fs.FileInfo) (Photo, bool) {
	in.once.Do(in.read)
	for _, candidate := range in.index[likenessOf(file)] {
		if os.SameFile(file, candidate.info) {
			return candidate.Photo, true
		}
	}
	return Photo{}, false
}

func (in *inputs) read() {
	in.index = map[likeness][]input{}
	for _, photo := range in.photos {
		in.add(photo)
	}
	for _, photo := range in.skipped {
		if !errors.Is(photo.Problem, ErrEarlier) {
			in.add(photo)
		}
	}
}

func (in *inputs) add(photo Photo) {
	if info, err := os.Stat(photo.Path); err == nil {
		key := likenessOf(info)
		in.index[key] = append(in.index[key], input{photo, info})
	}
}
