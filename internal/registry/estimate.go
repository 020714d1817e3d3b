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

// estimateTimeout limits the whole exchange with a registry. A slower one is
// not waited for: the daemon may have a better connection to it.
const estimateTimeout = 15 * time.Second

// unpackRatio is the assumed ratio of unpacked to compressed size if nothing
// better is known. A registry does not report unpacked sizes: neither the
// manifest nor the config has them. gzip shrinks Debian and Python packages to
// between a half and a third.
const unpackRatio = 3

// Question asks for the estimate of an image.
type Question struct {
	Reference string
	Platform  string // as linux/amd64
	// Local are the daemon's images.
	Local []LocalLayers
	// Available tells which of these blobs the daemon has, by digest. It is nil, or
	// gives nil, where Local is all that can be known.
	Available func(ctx context.Context, blobs []Layer) map[string]bool
	// Recognised tells how many of these layers, from the base up, the daemon would
	// not download, if it can be asked. It may be nil.
	Recognised func(ctx context.Context, layers []Layer) (n int, known bool)
	// Published is what the catalogue knows about the image.
	Published Published
}

// LocalLayers is what a daemon reports about a local image.
type LocalLayers struct {
	ID      string   // the digest of its config, or of its manifest in a containerd store
	DiffIDs []string // of its layers, from the base up
	// Pulled reports whether its layers came from a registry. A daemon
	// recognises only layers whose compressed digest it has seen: those of a
	// built or loaded image are downloaded again. (measured on Engine 20.10;
	// moby, distribution/pull_v2.go, layerDescriptor.DiffID)
	Pulled bool
}

// Published is a measured size, and of which image. Zero values mean unknown.
type Published struct {
	Digest   string // of the image that was measured
	Unpacked int64  // bytes
}

// Estimate is what a pull will cost. Sizes are in bytes.
type Estimate struct {
	Reference string `json:"image"`
	Digest    string `json:"digest,omitempty"` // what the reference resolves to: an image or an index
	Platform  string `json:"platform"`
	// Download is the size of the blobs to download: the config and the missing
	// layers. The manifests, a few kilobytes, are not counted: the daemon may
	// have them.
	Download int64 `json:"download"`
	Here     int64 `json:"here"` // compressed layers that are available locally
	// Left is the part of Here that belongs to no local image, as after an
	// unfinished pull.
	Left int64 `json:"left,omitempty"`
	// Cached is the part of the download that an earlier pull left in this
	// program's cache.
	Cached   int64 `json:"cached,omitempty"`
	Unpacked int64 `json:"unpacked"`
	// DownloadEstimated and UnpackedEstimated mark numbers that are not exact.
	DownloadEstimated bool `json:"download_estimated"`
	UnpackedEstimated bool `json:"unpacked_estimated"`
	// KeepsCompressed is set where the daemon keeps the compressed layers, too.
	KeepsCompressed bool    `json:"keeps_compressed,omitempty"`
	Layers          []Layer `json:"layers,omitempty"` // from the base up
	Mirror          string  `json:"mirror,omitempty"` // that answered instead of Docker Hub
	Limit           *Limit  `json:"limit,omitempty"`  // if the registry reports it
	// Notes say what prevented an exact answer or a login.
	Notes []string `json:"notes,omitempty"`
	// Source is where the blobs are; nil if the registry could not be reached.
	Source *Source `json:"-"`
}

// Layer is one layer of the image.
type Layer struct {
	Digest string `json:"digest"`  // of the compressed blob
	DiffID string `json:"diff_id"` // of the unpacked layer
	Size   int64  `json:"size"`    // compressed
	Here   bool   `json:"here"`
}

// Limit is Docker Hub's pull limit.
// (https://docs.docker.com/docker-hub/usage/pulls/)
type Limit struct {
	Pulls     int `json:"pulls"` // allowed in the period
	Remaining int `json:"remaining"`
	Seconds   int `json:"seconds"` // length of the period
}

// Known reports whether there is a size at all.
func (e Estimate) Known() bool { return e.Download > 0 || !e.DownloadEstimated }

// ToFetch is the size of what is still to download.
func (e Estimate) ToFetch() int64 { return e.Download - e.Cached }

// Peak is the disk space that the daemon needs while unpacking: it holds the
// compressed and the unpacked layers at once.
func (e Estimate) Peak() int64 { return e.Download + e.Unpacked }

// Estimate asks the registry. If the registry refuses, the error is as from
// Explain: the daemon would get the same answer. If it cannot be reached, which
// may be different for the daemon, the estimate uses what is known. It costs at
// most two requests that Docker Hub counts.
func (c Client) Estimate(ctx context.Context, q Question) (Estimate, error) {
	if _, err := name.ParseReference(q.Reference); err != nil {
		return Estimate{},
			fault.Wrap(fault.Usage, err, "use REGISTRY/REPOSITORY:TAG", "%q is not an image reference", q.Reference)
	}
	asking, cancel := context.WithTimeout(ctx, estimateTimeout)
	defer cancel()
	estimate := Estimate{Reference: q.Reference, Platform: q.Platform}
	recorder := &limitRecorder{RoundTripper: c.transport()}
	mirror, err := c.eachSource(q.Reference, func(ref name.Reference, auth authn.Authenticator) error {
		found, err := c.image(asking, ref, auth, q.Platform, recorder)
		if err != nil {
			return err
		}
		if estimate.Source, err = found.source(ref, auth); err != nil {
			return err
		}
		return estimate.itemize(asking, found.digest(), found.image, q)
	})
	estimate.Mirror, estimate.Limit = mirror, recorder.limit
	_, note := c.Login(q.Reference)
	estimate.addNote(note)
	switch {
	case ctx.Err() != nil:
		return estimate, ctx.Err()
	case err == nil:
		return estimate, nil
	case refused(err):
		return estimate, Explain(q.Reference, err)
	}
	estimate = guess(q, err)
	estimate.addNote(note)
	return estimate, nil
}

func (e *Estimate) addNote(note string) {
	if note != "" {
		e.Notes = append(e.Notes, note)
	}
}

// guess is the estimate without the registry: compressed layers are at most as
// large as their content.
func guess(q Question, why error) Estimate {
	return Estimate{
		Reference: q.Reference, Platform: q.Platform,
		Download: q.Published.Unpacked, Unpacked: q.Published.Unpacked,
		DownloadEstimated: true, UnpackedEstimated: true,
		Notes: []string{fmt.Sprintf("the registry could not be reached from here:  %v", why)},
	}
}

func (e *Estimate) itemize(ctx context.Context, digest string, image v1.Image, q Question) error {
	manifest, err := image.Manifest()
	if err != nil {
		return err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return err
	}
	// An image without a platform, as some tools build, runs anywhere.
	if offered := config.OS + "/" + config.Architecture; config.OS != "" && offered != q.Platform {
		return fmt.Errorf("%w for %s: it is for %s", errPlatform, q.Platform, offered)
	}
	e.Digest = digest
	for i, layer := range manifest.Layers {
		line := Layer{Digest: layer.Digest.String(), Size: layer.Size}
		if i < len(config.RootFS.DiffIDs) {
			line.DiffID = config.RootFS.DiffIDs[i].String()
		}
		e.Layers = append(e.Layers, line)
	}
	own, err := image.Digest()
	if err != nil {
		return err
	}
	configBlob := Layer{Digest: manifest.Config.Digest.String(), Size: manifest.Config.Size}
	if available := q.available(ctx, append(slices.Clone(e.Layers), configBlob)); available != nil {
		e.KeepsCompressed = true
		e.takeAvailable(available, configBlob, q.Local)
	} else {
		e.takeRecognised(ctx, q, configBlob, own.String())
	}
	e.estimateUnpacked(q.Published)
	return nil
}

// available are the blobs that the daemon says it has, or nil.
func (q Question) available(ctx context.Context, blobs []Layer) map[string]bool {
	if q.Available == nil {
		return nil
	}
	return q.Available(ctx, blobs)
}

// takeAvailable adds up what a daemon fetches that knows every blob by its
// digest.
func (e *Estimate) takeAvailable(available map[string]bool, config Layer, local []LocalLayers) {
	for i, layer := range e.Layers {
		e.Layers[i].Here = available[layer.Digest]
		uses := func(l LocalLayers) bool { return slices.Contains(l.DiffIDs, layer.DiffID) }
		if e.Layers[i].Here && !slices.ContainsFunc(local, uses) {
			e.Left += layer.Size
		}
	}
	e.addUp()
	if !available[config.Digest] {
		e.Download += config.Size
	}
}

// takeRecognised adds up what a daemon fetches that knows a layer by its chain.
// It only adds a name to an image that it has: own is the digest of the
// image's manifest.
func (e *Estimate) takeRecognised(ctx context.Context, q Question, config Layer, own string) {
	ids := []string{config.Digest, own, e.Digest}
	if slices.ContainsFunc(q.Local, func(l LocalLayers) bool { return slices.Contains(ids, l.ID) }) {
		e.takeFirst(len(e.Layers))
		return
	}
	e.takeFirst(e.recognised(ctx, q))
	e.Download += config.Size
}

// recognised returns how many layers, from the base up, the daemon recognises:
// it identifies a layer by the whole chain below it. If it cannot be asked, the
// images that were pulled tell.
func (e *Estimate) recognised(ctx context.Context, q Question) int {
	all, pulled := 0, 0
	for _, image := range q.Local {
		n := e.commonPrefix(image.DiffIDs)
		all = max(all, n)
		if image.Pulled {
			pulled = max(pulled, n)
		}
	}
	if all > 0 && q.Recognised != nil {
		if n, known := q.Recognised(ctx, e.Layers[:all]); known {
			return n
		}
	}
	return pulled
}

func (e *Estimate) commonPrefix(diffIDs []string) int {
	n := 0
	for n < len(e.Layers) && n < len(diffIDs) && e.Layers[n].DiffID == diffIDs[n] {
		n++
	}
	return n
}

// takeFirst marks the first n layers as local, and adds up.
func (e *Estimate) takeFirst(n int) {
	for i := range min(n, len(e.Layers)) {
		e.Layers[i].Here = true
	}
	e.addUp()
}

// addUp adds up the layers that are local, and the others. A blob that occurs
// twice is downloaded once.
func (e *Estimate) addUp() {
	counted := map[string]bool{}
	for _, layer := range e.Layers {
		switch {
		case layer.Here:
			e.Here += layer.Size
		case !counted[layer.Digest]:
			e.Download += layer.Size
			counted[layer.Digest] = true
		}
	}
}

// Missing returns the layers that are not available locally.
func (e Estimate) Missing() []Layer {
	return slices.DeleteFunc(slices.Clone(e.Layers), func(l Layer) bool { return l.Here })
}

// estimateUnpacked sets the disk space of the missing layers. It is exact only
// for a measured image with no local layers.
func (e *Estimate) estimateUnpacked(published Published) {
	var all, missing int64
	for _, layer := range e.Layers {
		all += layer.Size
		if !layer.Here {
			missing += layer.Size
		}
	}
	if missing == 0 {
		return
	}
	total := published.Unpacked
	if total == 0 {
		total = all * unpackRatio
	}
	e.Unpacked = int64(float64(total) * float64(missing) / float64(all))
	e.UnpackedEstimated = published.Unpacked == 0 || published.Digest != e.Digest || missing != all
}

// parseLimit reads headers such as ratelimit-limit: 100;w=21600 (seconds).
func parseLimit(header http.Header) *Limit {
	pulls, seconds, ok := limitValue(header.Get("ratelimit-limit"))
	if !ok {
		return nil
	}
	remaining, _, ok := limitValue(header.Get("ratelimit-remaining"))
	if !ok {
		return nil
	}
	return &Limit{Pulls: pulls, Remaining: remaining, Seconds: seconds}
}

func limitValue(text string) (n, seconds int, ok bool) {
	count, rest, _ := strings.Cut(text, ";")
	n, err := strconv.Atoi(strings.TrimSpace(count))
	if err != nil {
		return 0, 0, false
	}
	if window, found := strings.CutPrefix(strings.TrimSpace(rest), "w="); found {
		seconds, _ = strconv.Atoi(window) // 0 means not reported
	}
	return n, seconds, true
}
