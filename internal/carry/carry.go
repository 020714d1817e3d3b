// Package carry reads and writes the file that takes an image to a machine
// without internet access: the archive from `docker save`, plus a last entry
// with facts about the image and the SHA-256 of every other entry. `docker
// load` accepts the file too.
//
// Reading and writing are streamed: only one chunk and the list of entries are
// held in memory.
package carry

import (
	"archive/tar"
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// factsFile is the last entry.
const factsFile = "facecraft.json"

// factsLimit limits the size of the last entry; hundreds of files take tens of
// kB.
const factsLimit = 4 << 20

// format changes when older versions cannot read the file.
const format = 1

// Facts describe the image in the file.
type Facts struct {
	Format    int    `json:"format"`
	Reference string `json:"image"`
	// Digest is what the reference resolved to in its registry, as sha256:…;
	// empty if the image did not come from a registry.
	Digest   string `json:"digest,omitempty"`
	Platform string `json:"platform"` // as linux/amd64
	Version  string `json:"facecraft"`
	// From the catalogue. Sizes are in bytes.
	Variant      string `json:"variant"`
	Summary      string `json:"summary,omitempty"`
	UnpackedSize int64  `json:"unpacked_size,omitempty"`
	MemoryNeeded int64  `json:"memory_needed,omitempty"`
	// Files are the entries before this one, in order.
	Files []File `json:"files"`
}

// File is one entry of the archive.
type File struct {
	Name   string `json:"name"`
	Link   string `json:"link,omitempty"` // target of a link
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// ErrDamaged is wrapped by every error about a file's content.
var ErrDamaged = errors.New("the file is damaged")

// ErrIncomplete means that the daemon lacks a part of the image.
var ErrIncomplete = errors.New("the image is incomplete")

// ErrUnchecked means a complete archive from docker save, without checksums.
var ErrUnchecked = errors.New("it is from docker save, without the checksums of facecraft save")

// Compressed means a file that has to be decompressed first.
type Compressed struct{ With string }

func (c *Compressed) Error() string { return "it is compressed with " + c.With }

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}

// Write copies an image archive from `docker save` and adds the facts and
// checksums.
func Write(w io.Writer, image io.Reader, facts Facts) error {
	out := tar.NewWriter(w)
	in := tar.NewReader(image)
	var found contents
	for {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read the image: %w", err)
		}
		if err := out.WriteHeader(header); err != nil {
			return err
		}
		if err := found.add(header, io.TeeReader(in, out)); err != nil {
			return err
		}
	}
	if lacking := found.incomplete(); lacking != "" {
		return fmt.Errorf("%w: %s", ErrIncomplete, lacking)
	}
	facts.Files = found.files
	facts.Format = format
	data, err := json.MarshalIndent(facts, "", "  ")
	if err != nil {
		return err
	}
	if err := writeEntry(out, factsFile, data); err != nil {
		return err
	}
	return out.Close()
}

func sum(header *tar.Header, content io.Reader) (File, error) {
	hash := sha256.New()
	size, err := io.Copy(hash, content)
	return File{Name: header.Name, Link: header.Linkname, Size: size, SHA256: hex.EncodeToString(hash.Sum(nil))}, err
}

// Verify reads a file to its end and returns its facts. An error that wraps
// ErrDamaged says what is wrong with it.
func Verify(r io.Reader) (Facts, error) {
	counted := &trailing{Reader: r}
	buffered := bufio.NewReader(counted)
	if with := compression(buffered); with != "" {
		return Facts{}, &Compressed{with}
	}
	in := tar.NewReader(buffered)
	var found contents
	for {
		header, err := in.Next()
		switch {
		case errors.Is(err, io.EOF) && counted.zeros >= archiveEnd && holdsImage(found.files):
			return Facts{}, ErrUnchecked
		case errors.Is(err, io.EOF):
			return Facts{}, damaged("it is cut off, or not from facecraft save: there are no checksums")
		case err != nil:
			return Facts{}, damaged("after %d entries: %v", len(found.files), err)
		}
		if header.Name == factsFile {
			facts, err := readFacts(header, in)
			if err != nil {
				return Facts{}, err
			}
			if err := compare(found.files, facts.Files); err != nil {
				return facts, err
			}
			if lacking := found.incomplete(); lacking != "" {
				return facts, damaged("%s", lacking)
			}
			return facts, nil
		}
		if err := found.add(header, in); err != nil {
			return Facts{}, damaged("%s: %v", header.Name, err)
		}
	}
}

func readFacts(header *tar.Header, in io.Reader) (facts Facts, err error) {
	if header.Size > factsLimit {
		return facts, damaged("%s is too large", factsFile)
	}
	data, err := io.ReadAll(in)
	if err != nil {
		return facts, damaged("%s: %v", factsFile, err)
	}
	if err := json.Unmarshal(data, &facts); err != nil {
		return facts, damaged("%s: %v", factsFile, err)
	}
	if facts.Format != format {
		return facts, fmt.Errorf("the file has format %d, but this version reads only %d", facts.Format, format)
	}
	return facts, nil
}

func compare(found, listed []File) error {
	for i, file := range found {
		switch {
		case i >= len(listed):
			return damaged("%s is not listed", file.Name)
		case file != listed[i]:
			return damaged("%s is not what was saved", listed[i].Name)
		}
	}
	if len(found) < len(listed) {
		return damaged("%s is missing", listed[len(found)].Name)
	}
	return nil
}
