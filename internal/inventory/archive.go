package inventory

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
)

// ErrNoImage is wrapped by errors about files that contain no image.
var ErrNoImage = errors.New("it contains no image")

// blob is one file of a stored image.
type blob interface {
	io.ReadSeeker
	Close() error
}

// store is an image on disk: a directory, or an archive of one.
type store interface {
	open(name string) (blob, int64, error)
}

// ReadFile reads an image from a file of `docker save` or `facecraft save`, or
// from an OCI layout or archive. Nothing is unpacked to disk, and uncompressed
// layers are skipped by seeking.
func ReadFile(ctx context.Context, name string, o Options) (Inventory, error) {
	info, err := os.Stat(name)
	if err != nil {
		return Inventory{}, err
	}
	if info.IsDir() {
		root, err := os.OpenRoot(name)
		if err != nil {
			return Inventory{}, err
		}
		defer root.Close()
		return readStore(ctx, directory{root}, name, o)
	}
	file, err := os.Open(name)
	if err != nil {
		return Inventory{}, err
	}
	defer file.Close()
	index, err := indexArchive(file, info.Size())
	if err != nil {
		return Inventory{}, err
	}
	return readStore(ctx, index, name, o)
}

func readStore(ctx context.Context, s store, name string, o Options) (Inventory, error) {
	found, err := manifestOf(s, o.Platform)
	if err != nil {
		return Inventory{}, err
	}
	data, err := readAll(s, found.config)
	if err != nil {
		return Inventory{}, err
	}
	inv := Inventory{Target: name, Tag: found.tag, Digest: found.digest, Depth: min(o.Depth, LayersDepth)}
	if inv.Config, inv.Layers, err = ParseConfig(data); err != nil {
		return inv, err
	}
	if len(inv.Layers) != len(found.layers) {
		return inv, hostile("its configuration names %d layers and its manifest %d", len(inv.Layers), len(found.layers))
	}
	for i := range inv.Layers {
		inv.Layers[i].Digest = found.layers[i].Digest
		if found.layers[i].packed() {
			inv.Layers[i].Packed = found.layers[i].Size
		}
	}
	if o.Depth == ConfigDepth {
		return inv, nil
	}
	return inv, o.readLayers(ctx, &inv, stored{s, found.layers})
}

// stored are layers on disk.
type stored struct {
	store
	layers []descriptor
}

func (s stored) layer(ctx context.Context, scan scanner, index int, limit *budget) ([]Entry, error) {
	file, _, err := s.open(s.layers[index].name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	magic := make([]byte, 4)
	n, _ := io.ReadFull(file, magic) // a layer may be shorter
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	if !isPacked(magic[:n]) {
		return scan.layer(ctx, file, limit) // a tar.Reader seeks
	}
	scan.all = true // all bytes must be read anyway
	return scanPacked(ctx, scan, file, limit)
}

// directory is an unarchived OCI layout.
type directory struct{ *os.Root }

func (d directory) open(name string) (blob, int64, error) {
	file, err := d.Root.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = hostile("%s is not a file", name)
	}
	if err != nil {
		file.Close()
		return nil, 0, err
	}
	return file, info.Size(), nil
}

// archive maps the files of a tar archive to their offsets.
type archive struct {
	file  io.ReaderAt
	files map[string]extent
}

type extent struct {
	offset, size int64
	link         string
}

// indexArchive reads the headers and skips the contents by seeking.
func indexArchive(file *os.File, size int64) (archive, error) {
	magic := make([]byte, 4)
	if _, err := file.ReadAt(magic, 0); err != nil {
		return archive{}, fmt.Errorf("%w: %s is too short", ErrNoImage, file.Name())
	}
	if isPacked(magic) {
		return archive{}, fmt.Errorf("%s is compressed: unpack it first, as gunzip does", file.Name())
	}
	a := archive{file: file, files: map[string]extent{}}
	in := tar.NewReader(file)
	for {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			return a, nil
		}
		if err != nil && len(a.files) == 0 {
			return a, fmt.Errorf("%w: %s is not an archive", ErrNoImage, file.Name())
		}
		if err != nil {
			return a, hostile("the file is damaged: %v", err)
		}
		name, err := clean(header.Name)
		if err != nil {
			return a, err
		}
		offset, err := file.Seek(0, io.SeekCurrent)
		if err != nil {
			return a, err
		}
		if len(a.files) > maxStored || sparse(header) || offset+header.Size > size {
			return a, hostile("%s is not part of one", name)
		}
		e := extent{offset: offset, size: header.Size}
		if header.Typeflag == tar.TypeSymlink || header.Typeflag == tar.TypeLink {
			e.link = header.Linkname // old Docker versions write a repeated layer only once
			if header.Typeflag == tar.TypeSymlink {
				e.link = path.Join(path.Dir(name), header.Linkname)
			}
		}
		a.files[name] = e
	}
}

func (a archive) open(name string) (blob, int64, error) {
	for range 4 {
		e, ok := a.files[name]
		switch {
		case !ok:
			return nil, 0, fmt.Errorf("%w: %s is missing", ErrNoImage, name)
		case e.link != "":
			name = path.Clean(e.link)
		default:
			return section{io.NewSectionReader(a.file, e.offset, e.size)}, e.size, nil
		}
	}
	return nil, 0, hostile("%s is a link in a circle", name)
}

type section struct{ *io.SectionReader }

func (section) Close() error { return nil }

// readAll reads a small file.
func readAll(s store, name string) ([]byte, error) {
	file, size, err := s.open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if size > maxMetadata {
		return nil, hostile("%s has %d bytes", name, size)
	}
	return io.ReadAll(io.LimitReader(file, maxMetadata))
}

func readJSON(s store, name string, v any) error {
	data, err := readAll(s, name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return hostile("%s cannot be read: %v", name, err)
	}
	return nil
}

func isPacked(magic []byte) bool {
	return bytes.HasPrefix(magic, gzipMagic) || bytes.HasPrefix(magic, zstdMagic)
}
