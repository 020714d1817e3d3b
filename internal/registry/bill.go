package registry

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/djok/facecraft/internal/fault"
)

// billTimeout bounds the whole conversation with a registry. One that is
// slower is not waited for: the daemon may have a better way to it.
const billTimeout = 15 * time.Second

// unpackRatio is how much larger than its compressed layers an image is taken
// to be when nothing better is known. A registry does not tell unpacked sizes:
// neither the manifest nor the config holds them. Debian and Python packages
// shrink to between a half and a third by gzip.
const unpackRatio = 3

// Question is an image to be billed.
type Question struct {
	Reference string
	Platform  string // as linux/amd64
	// Local are the daemon's images.
	Local []LocalImage
	// Known is what the catalogue knows of the image.
	Known Known
}

// LocalImage is what a daemon tells about an image that it has.
type LocalImage struct {
	ID      string   // the digest of its config, or of its manifest in a containerd store
	DiffIDs []string // of its layers, from the base up
	// Pulled tells whether its layers came from a registry. A daemon
	// recognises only layers whose compressed digest it saw: those of a built
	// or loaded image are downloaded again. (measured on Engine 20.10; moby,
	// distribution/pull_v2.go, layerDescriptor.DiffID)
	Pulled bool
}

// Known is a size that was measured, and of what. Zero values are unknown.
type Known struct {
	Digest   string // of the image that was measured
	Unpacked int64  // bytes
}

// Bill is what a pull will cost. Sizes are in bytes.
type Bill struct {
	Reference string `json:"image"`
	Digest    string `json:"digest,omitempty"` // what the reference stands for: an image or an index
	Platform  string `json:"platform"`
	// Download is the blobs that will be fetched: the config and the layers
	// that are not here. The manifests, some kilobytes, are left out: the
	// daemon may have them.
	Download int64 `json:"download"`
	Here     int64 `json:"here"` // compressed layers that are here already
	Unpacked int64 `json:"unpacked"`
	// DownloadEstimated and UnpackedEstimated mark numbers that are not exact.
	DownloadEstimated bool    `json:"download_estimated"`
	UnpackedEstimated bool    `json:"unpacked_estimated"`
	Layers            []Layer `json:"layers,omitempty"` // from the base up
	Mirror            string  `json:"mirror,omitempty"` // that answered in place of Docker Hub
	Limit             *Limit  `json:"limit,omitempty"`  // when the registry tells
	// Notes say what stood in the way of an exact answer or a login.
	Notes []string `json:"notes,omitempty"`
}

// Layer is one layer of the image.
type Layer struct {
	Digest string `json:"digest"`  // of the compressed blob
	DiffID string `json:"diff_id"` // of the unpacked layer
	Size   int64  `json:"size"`    // compressed
	Here   bool   `json:"here"`
}

// Limit is Docker Hub's account of pulls.
// (https://docs.docker.com/docker-hub/usage/pulls/)
type Limit struct {
	Pulls     int           `json:"pulls"`
	Remaining int           `json:"remaining"`
	Window    time.Duration `json:"window"` // nanoseconds
}

// Known tells whether there is any number at all.
func (b Bill) Known() bool { return b.Download > 0 || !b.DownloadEstimated }

// Peak is the disk that the daemon needs while it unpacks: it has the
// compressed layers and the unpacked ones at once.
func (b Bill) Peak() int64 { return b.Download + b.Unpacked }

// Exact tells whether Peak is no estimate.
func (b Bill) Exact() bool { return !b.DownloadEstimated && !b.UnpackedEstimated }

// Bill asks the registry. What the registry itself refuses is an error, as
// Explain gives it: the daemon would hear the same. When it cannot be asked,
// which need not hold for the daemon, the bill is made of what is known.
// It costs at most two requests that Docker Hub counts.
func (c Client) Bill(ctx context.Context, q Question) (Bill, error) {
	if _, err := name.ParseReference(q.Reference); err != nil {
		return Bill{}, fault.Wrap(fault.Usage, err, "use REGISTRY/REPOSITORY:TAG", "%q is not an image reference", q.Reference)
	}
	asking, cancel := context.WithTimeout(ctx, billTimeout)
	defer cancel()
	bill := Bill{Reference: q.Reference, Platform: q.Platform}
	recorder := &limitRecorder{RoundTripper: c.transport()}
	mirror, err := c.eachSource(q.Reference, func(ref name.Reference, auth authn.Authenticator) error {
		digest, image, err := c.image(asking, ref, auth, q.Platform, recorder)
		if err != nil {
			return err
		}
		return bill.itemize(digest, image, q)
	})
	bill.Mirror, bill.Limit = mirror, recorder.limit
	_, note := c.Login(q.Reference)
	bill.addNote(note)
	switch {
	case ctx.Err() != nil:
		return bill, ctx.Err()
	case err == nil:
		return bill, nil
	case refused(err):
		return bill, Explain(q.Reference, err)
	}
	bill = guess(q, err)
	bill.addNote(note)
	return bill, nil
}

func (b *Bill) addNote(note string) {
	if note != "" {
		b.Notes = append(b.Notes, note)
	}
}

// guess is the bill without the registry: compressed layers are at most as
// large as what they hold.
func guess(q Question, why error) Bill {
	return Bill{
		Reference: q.Reference, Platform: q.Platform,
		Download: q.Known.Unpacked, Unpacked: q.Known.Unpacked,
		DownloadEstimated: true, UnpackedEstimated: true,
		Notes: []string{fmt.Sprintf("the registry could not be asked from here: %v", why)},
	}
}

func (b *Bill) itemize(digest string, image v1.Image, q Question) error {
	manifest, err := image.Manifest()
	if err != nil {
		return err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return err
	}
	if offered := config.Platform(); offered.OS != "" && offered.OS+"/"+offered.Architecture != q.Platform {
		return fmt.Errorf("%w for %s: it is for %s", errPlatform, q.Platform, offered)
	}
	b.Digest = digest
	for i, layer := range manifest.Layers {
		line := Layer{Digest: layer.Digest.String(), Size: layer.Size}
		if i < len(config.RootFS.DiffIDs) {
			line.DiffID = config.RootFS.DiffIDs[i].String()
		}
		b.Layers = append(b.Layers, line)
	}
	own, err := image.Digest()
	if err != nil {
		return err
	}
	ids := []string{manifest.Config.Digest.String(), own.String(), digest}
	if slices.ContainsFunc(q.Local, func(l LocalImage) bool { return slices.Contains(ids, l.ID) }) {
		// The daemon only gives it another name.
		b.takeHere(len(b.Layers))
	} else {
		b.takeHere(b.longestPrefix(q.Local))
		b.Download += manifest.Config.Size
	}
	b.estimateUnpacked(q.Known)
	return nil
}

// longestPrefix is how many layers, from the base up, the daemon recognises:
// it knows a layer by the whole chain below it.
func (b *Bill) longestPrefix(local []LocalImage) int {
	longest := 0
	for _, image := range local {
		if image.Pulled {
			longest = max(longest, b.commonPrefix(image.DiffIDs))
		}
	}
	return longest
}

func (b *Bill) commonPrefix(diffIDs []string) int {
	n := 0
	for n < len(b.Layers) && n < len(diffIDs) && b.Layers[n].DiffID == diffIDs[n] {
		n++
	}
	return n
}

// takeHere takes the first n layers as here, and adds the others up. A blob
// that occurs twice is fetched once.
func (b *Bill) takeHere(n int) {
	for i, layer := range b.Layers {
		again := func(l Layer) bool { return !l.Here && l.Digest == layer.Digest }
		switch {
		case i < n:
			b.Layers[i].Here = true
			b.Here += layer.Size
		case !slices.ContainsFunc(b.Layers[:i], again):
			b.Download += layer.Size
		}
	}
}

// Missing are the layers that are not here.
func (b Bill) Missing() []Layer {
	return slices.DeleteFunc(slices.Clone(b.Layers), func(l Layer) bool { return l.Here })
}

// estimateUnpacked tells what the missing layers will take, exactly only for
// an image that was measured and of which nothing is here.
func (b *Bill) estimateUnpacked(known Known) {
	var all, missing int64
	for _, layer := range b.Layers {
		all += layer.Size
		if !layer.Here {
			missing += layer.Size
		}
	}
	if missing == 0 {
		return
	}
	total := known.Unpacked
	if total == 0 {
		total = all * unpackRatio
	}
	b.Unpacked = int64(float64(total) * float64(missing) / float64(all))
	b.UnpackedEstimated = known.Unpacked == 0 || known.Digest != b.Digest || missing != all
}

// parseLimit reads headers such as ratelimit-limit: 100;w=21600 (seconds).
func parseLimit(header http.Header) *Limit {
	pulls, window, ok := limitValue(header.Get("ratelimit-limit"))
	if !ok {
		return nil
	}
	remaining, _, ok := limitValue(header.Get("ratelimit-remaining"))
	if !ok {
		return nil
	}
	return &Limit{Pulls: pulls, Remaining: remaining, Window: window}
}

func limitValue(text string) (n int, window time.Duration, ok bool) {
	count, rest, _ := strings.Cut(text, ";")
	n, err := strconv.Atoi(strings.TrimSpace(count))
	if err != nil {
		return 0, 0, false
	}
	if seconds, found := strings.CutPrefix(strings.TrimSpace(rest), "w="); found {
		if s, err := strconv.Atoi(seconds); err == nil {
			window = time.Duration(s) * time.Second
		}
	}
	return n, window, true
}
