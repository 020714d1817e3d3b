package inventory

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"path"
)

// ReadSaved reads the layers from a stream of `docker save`. The configuration is
// already known; the stream's manifest, which may come last, says which file is
// which layer.
func ReadSaved(ctx context.Context, inv Inventory, stream io.Reader, o Options) (Inventory, error) {
	inv.Depth = LayersDepth
	s := savedStream{scan: scanner{interest: o.Interest, all: true}, layers: map[string][]Entry{},
		links: map[string]string{}}
	if err := s.read(ctx, stream); err != nil {
		return inv, err
	}
	var list []struct{ Layers []string }
	if err := json.Unmarshal(s.manifest, &list); err != nil || len(list) != 1 {
		return inv, hostile("the daemon's export has no manifest")
	}
	if len(list[0].Layers) != len(inv.Layers) {
		return inv, hostile("the daemon's export has %d layers, and the image %d", len(list[0].Layers), len(inv.Layers))
	}
	for i, name := range list[0].Layers {
		entries, ok := s.layers[s.resolve(path.Clean(name))]
		if !ok {
			return inv, hostile("the daemon's export lacks the layer %s", name)
		}
		inv.Layers[i].Entries = entries
	}
	return inv, inv.merge()
}

type savedStream struct {
	scan     scanner
	limit    budget
	layers   map[string][]Entry
	links    map[string]string
	manifest []byte
	files    int
}

func (s *savedStream) resolve(name string) string {
	if to, ok := s.links[name]; ok {
		return to
	}
	return name
}

func (s *savedStream) read(ctx context.Context, stream io.Reader) error {
	in := tar.NewReader(stream)
	for {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if s.files++; s.files > maxStored {
			return hostile("the daemon's export has more than %d files", maxStored)
		}
		name := path.Clean(header.Name)
		switch {
		case header.Typeflag == tar.TypeSymlink:
			s.links[name] = path.Join(path.Dir(name), header.Linkname)
		case name == "manifest.json":
			if s.manifest, err = io.ReadAll(io.LimitReader(in, maxMetadata)); err != nil {
				return err
			}
		default:
			if err := s.layer(ctx, name, in); err != nil {
				return err
			}
		}
	}
}

// tarMagic identifies a tar archive, at tarMagicAt.
const tarMagic, tarMagicAt = "ustar", 257

// layer scans a file of the stream if it is an archive, compressed or not.
func (s *savedStream) layer(ctx context.Context, name string, content io.Reader) error {
	buffered := bufio.NewReaderSize(content, bufferSize)
	head, _ := buffered.Peek(tarMagicAt + len(tarMagic))
	empty := len(head) > tarMagicAt && len(bytes.Trim(head, "\x00")) == 0 // an archive without files
	if !isPacked(head) && !bytes.HasSuffix(head, []byte(tarMagic)) && !empty {
		return nil
	}
	entries, err := scanPacked(ctx, s.scan, buffered, &s.limit)
	if err == nil {
		s.layers[name] = entries
	}
	return err
}
