package inventory

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"sync"

	"github.com/djok/facecraft/internal/format"
)

// The limits for an image. The published GPU image stays below a tenth of each.
const (
	maxEntries  = 500_000        // files of all layers
	maxPath     = 4096           // bytes, the limit of Linux
	maxPaths    = 128 << 20      // bytes of all paths
	maxFile     = int64(1) << 44 // bytes that a file may claim
	maxLayers   = 512
	maxStored   = 4 * maxLayers // files that make up a stored image
	maxMetadata = 16 << 20      // bytes of a manifest or a configuration
	// bombRatio is how much larger than its packed form a layer may be, from
	// bombSize on: deflate reaches 1032, real layers below 20.
	bombRatio = 200
	bombSize  = int64(1) << 30
)

// ErrHostile is wrapped by errors about images that no builder produces.
var ErrHostile = errors.New("it is not a usable image")

var errPaths = hostile("its paths alone are more than %s", format.Memory(maxPaths))

func hostile(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrHostile, fmt.Sprintf(format, args...))
}

// budget is what the layers of one image may use in total.
type budget struct {
	mu             sync.Mutex
	entries, paths int
}

func (b *budget) take(e Entry) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.entries++
	b.paths += len(e.Path) + len(e.Link)
	switch {
	case b.entries > maxEntries:
		return hostile("it has more than %d files", maxEntries)
	case b.paths > maxPaths:
		return errPaths
	}
	return nil
}

func (b *budget) takeAll(entries []Entry) error {
	for _, e := range entries {
		if err := b.take(e); err != nil {
			return err
		}
	}
	return nil
}

// clean returns an entry's path relative to the root. Leading slashes and dots
// are common; a path that leaves the root is an attack, which Docker also
// rejects.
func clean(name string) (string, error) {
	if len(name) > maxPath {
		return "", hostile("a path of %d bytes: %s…", len(name), name[:64])
	}
	if strings.ContainsRune(name, 0) {
		return "", hostile("a path with a zero byte: %q", name)
	}
	relative := path.Clean(strings.TrimLeft(name, "/"))
	if relative == ".." || strings.HasPrefix(relative, "../") {
		return "", hostile("a path leads out of it: %s", name)
	}
	if relative == "." {
		relative = ""
	}
	return relative, nil
}
