package inventory

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"path"
	"strings"
)

// scanner reads the layers of one image.
type scanner struct {
	interest Interest
	// all means that every file is read. Otherwise only those that matter are, and
	// the rest of an uncompressed layer is skipped by seeking.
	all bool
}

// layer reads one layer as a tar archive.
func (s scanner) layer(ctx context.Context, archive io.Reader, limit *budget) ([]Entry, error) {
	in := tar.NewReader(archive)
	examiner := newExaminer(s.interest)
	var entries []Entry
	for {
		header, err := in.Next()
		switch {
		case errors.Is(err, io.EOF):
			return entries, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			return nil, hostile("a layer is damaged after %d files: %v", len(entries), err)
		}
		e, ok, err := entryOf(header)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		if err := limit.take(e); err != nil {
			return nil, err
		}
		if e.Kind == File && !sparse(header) && (s.all || s.interest.of(e.Path, e.Size).any()) {
			if err := examiner.examine(&e, in); err != nil {
				return nil, hostile("%s is damaged: %v", e.Path, err)
			}
		}
		entries = append(entries, e)
	}
}

// sparse reports whether a file claims to be larger than its content. Such files
// are not read.
func sparse(header *tar.Header) bool {
	if header.Typeflag == tar.TypeGNUSparse {
		return true
	}
	for key := range header.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}

var kinds = map[byte]Kind{
	tar.TypeReg: File, tar.TypeGNUSparse: File, tar.TypeDir: Dir, tar.TypeSymlink: Symlink, tar.TypeLink: HardLink,
	tar.TypeChar: Device, tar.TypeBlock: Device, tar.TypeFifo: Pipe,
}

// The names with which a layer removes files of the layers below.
// (https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts)
const (
	whiteoutPrefix = ".wh."
	opaqueMark     = ".wh..wh..opq"
)

// entryOf translates a header. Entries that neither are nor remove a file, such
// as aufs markers, are skipped.
func entryOf(header *tar.Header) (Entry, bool, error) {
	file, err := clean(header.Name)
	if err != nil {
		return Entry{}, false, err
	}
	kind, ok := kinds[header.Typeflag]
	if !ok || header.Size < 0 || header.Size > maxFile {
		if ok {
			err = hostile("%s claims %d bytes", file, header.Size)
		}
		return Entry{}, false, err
	}
	e := Entry{Path: file, Kind: kind, Mode: uint32(header.Mode & 0o7777), UID: header.Uid, GID: header.Gid}
	dir, name := path.Split(file)
	switch {
	case name == opaqueMark:
		return Entry{Path: strings.TrimSuffix(dir, "/"), Kind: Opaque}, true, nil
	case strings.HasPrefix(name, whiteoutPrefix+whiteoutPrefix):
		return e, false, nil
	case strings.HasPrefix(name, whiteoutPrefix):
		return Entry{Path: dir + strings.TrimPrefix(name, whiteoutPrefix), Kind: Whiteout}, true, nil
	}
	switch kind {
	case File:
		e.Size = header.Size
	case Symlink:
		e.Link = header.Linkname
	case HardLink:
		e.Link, err = clean(header.Linkname)
	}
	if len(e.Link) > maxPath {
		err = hostile("%s is a link of %d bytes", file, len(e.Link))
	}
	return e, err == nil, err
}
