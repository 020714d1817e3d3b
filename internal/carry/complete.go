package carry

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

// manifestFile is the entry that names the files of each image.
const manifestFile = "manifest.json"

// manifestLimit bounds it; an image has at most some hundred layers.
const manifestLimit = 4 << 20

// contents are the entries of an archive, in their order.
type contents struct {
	files    []File
	manifest bytes.Buffer
}

// add reads an entry to its end.
func (c *contents) add(header *tar.Header, content io.Reader) error {
	if header.Name == manifestFile && header.Size <= manifestLimit {
		c.manifest.Reset()
		content = io.TeeReader(content, &c.manifest)
	}
	file, err := sum(header, content)
	if err == nil {
		c.files = append(c.files, file)
	}
	return err
}

// incomplete says what an image lacks, or nothing. A daemon with a containerd
// store also saves an image of which it has only a part.
func (c *contents) incomplete() string {
	var images []struct {
		Config string
		Layers []string
	}
	if !holdsImage(c.files) {
		return "it contains no image"
	}
	if err := json.Unmarshal(c.manifest.Bytes(), &images); err != nil {
		return fmt.Sprintf("%s: %v", manifestFile, err)
	}
	if len(images) == 0 {
		return "it contains no image"
	}
	for _, image := range images {
		if !c.has(image.Config) {
			return "the image's configuration is missing"
		}
		missing := 0
		for _, layer := range image.Layers {
			if !c.has(layer) {
				missing++
			}
		}
		if missing > 0 {
			return fmt.Sprintf("%d of the image's %d layers are missing", missing, len(image.Layers))
		}
	}
	return ""
}

func (c *contents) has(name string) bool {
	return slices.ContainsFunc(c.files, func(f File) bool { return f.Name == name })
}

func holdsImage(files []File) bool {
	return slices.ContainsFunc(files, func(f File) bool { return f.Name == manifestFile })
}
