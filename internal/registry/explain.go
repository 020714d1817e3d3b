package registry

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/djok/facecraft/internal/fault"
)

// Kind says whether it is worth retrying.
type Kind int

// The kinds of pull failure.
const (
	Unclear     Kind = iota // not recognised; retrying may not help
	Permanent               // retrying gives the same answer
	Full                    // the daemon's disk is full, perhaps of what the pull has kept
	Transient               // retrying may help
	Unreachable             // a wrong address, unless it worked just before
)

type failure struct {
	text string // in lower case
	kind Kind
	what string
	hint string
}

// Offline is the remedy if a registry cannot be reached.
const Offline = "check the network, or load the image from a file: facecraft load FILE"

// failures are recognised by their text, which registries, daemons and this
// program's client share. The first match counts.
var failures = []failure{
	{"toomanyrequests", Permanent, "the registry's pull limit is reached",
		"log in with docker login, or try again in a few hours"},
	{"429 too many requests", Permanent, "the registry's pull limit is reached",
		"log in with docker login, or try again in a few hours"},
	{"manifest unknown", Permanent, "the image does not exist", "check the tag"},
	{"name unknown", Permanent, "the image does not exist", "check the name"},
	{"pull access denied", Permanent, "the image does not exist or requires a login", "check the name, or docker login"},
	{"unauthorized", Permanent, "the registry requires a login", "log in with docker login"},
	{"incorrect username or password", Permanent, "the registry requires a login", "log in with docker login"},
	{"no basic auth credentials", Permanent, "the registry requires a login", "log in with docker login"},
	{"denied:", Permanent, "the image does not exist or requires a login", "check the name, or docker login"},
	{": denied", Permanent, "the image does not exist or requires a login", "check the name, or docker login"},
	{errPlatform.Error(), Permanent, "the image does not exist for the daemon's platform", "use a different variant"},
	{"no image found in manifest list", Permanent, "the image does not exist for the daemon's platform",
		"use a different variant"},
	{"no space left on device", Full, "the disk of the Docker daemon is full",
		"free up disk space: docker system df shows what Docker uses"},
	{"manifest verification failed", Permanent, "the registry sent a different image",
		"check the registry mirror or proxy"},
	{"does not match provided manifest digest", Permanent, "the registry sent a different image",
		"check the registry mirror or proxy"},
	{"unknown blob", Permanent, "the image in the registry is incomplete", "report this to its publisher"},
	{"blob unknown", Permanent, "the image in the registry is incomplete", "report this to its publisher"},
	{"error fetching blob: invalid status code from registry 404", Permanent, "the image in the registry is incomplete",
		"report this to its publisher"},
	{"from remote: not found", Permanent, "the image in the registry is incomplete", "report this to its publisher"},
	{`failed commit on ref "manifest-`, Permanent, "the registry sent a different image",
		"check the registry mirror or proxy"},
	{`failed commit on ref "index-`, Permanent, "the registry sent a different image",
		"check the registry mirror or proxy"},
	{unresolved, Permanent, "the image does not exist", "check the name and the tag"},

	{"unexpected commit digest", Transient, "a layer arrived damaged", "try again; check the registry mirror or proxy"},
	{"unexpected http status: 416", Transient, "the registry does not resume the download", "try again"},
	{"verification failed for digest", Transient, "a layer arrived damaged",
		"try again; check the registry mirror or proxy"},
	{"digest did not match", Transient, "a layer arrived damaged", "try again; check the registry mirror or proxy"},
	{"unexpected http status: 5", Transient, "the registry has a server error", "try again later"},
	{"connection reset", Transient, "the connection keeps breaking", "check the network and try again"},
	{"broken pipe", Transient, "the connection keeps breaking", "check the network and try again"},
	{": eof", Transient, "the connection keeps breaking", "check the network and try again"},
	{"tls handshake timeout", Transient, "the registry does not answer", Offline},
	{"i/o timeout", Transient, "the registry cannot be reached", Offline},
	{"client.timeout exceeded", Transient, "the registry does not answer", Offline},
	{errStalled.Error(), Transient, "the download has stalled", "check the network and try again"},

	{"no such host", Unreachable, "the registry cannot be reached", Offline},
	{"connection refused", Unreachable, "the registry cannot be reached",
		"check the address, or load the image from a file: facecraft load FILE"},
	{"network is unreachable", Unreachable, "the registry cannot be reached", Offline},
}

var errStalled = errors.New("no data is arriving")

// Stalled is the failure of a download that receives no data.
func Stalled(how string) error { return fmt.Errorf("%w: %s", errStalled, how) }

// Classify returns the kind of pull failure of an error.
func Classify(err error) Kind { return find(err).kind }

// Explain says what a pull failure means, and its remedy.
func Explain(reference string, err error) error { return explained("pull", reference, err) }

// explained is Explain for any operation on the image.
func explained(doing, reference string, err error) error {
	f := find(err)
	if f.kind == Unclear {
		return fmt.Errorf("%s %s: %w", doing, reference, err)
	}
	return fault.Wrap(fault.Failed, err, f.hint, "%s %s: %s", doing, reference, f.what)
}

// endOfFile matches EOF anywhere in a text: alone, in brackets, or after a
// colon.
var endOfFile = regexp.MustCompile(`(^|[\s("'])eof($|[\s)"'.,;])`)

// unresolved is what stands for a reference that a containerd store does not
// find: whether by its name or its tag, it does not tell.
const unresolved = "reference not found"

// A containerd store puts addresses between the words that tell a failure.
var (
	containerdStatus     = regexp.MustCompile(`unexpected status from \w+ request to \S+: `)
	containerdUnresolved = regexp.MustCompile(`failed to resolve reference .*: not found`)
)

// find recognises a failure. The protocol's codes, such as MANIFEST_UNKNOWN,
// count as words too.
func find(err error) failure {
	text := ""
	if err != nil {
		text = endOfFile.ReplaceAllString(strings.ReplaceAll(strings.ToLower(err.Error()), "_", " "), ": eof")
		text = containerdStatus.ReplaceAllString(text, "unexpected http status: ")
		text = containerdUnresolved.ReplaceAllString(text, unresolved)
	}
	for _, f := range failures {
		if strings.Contains(text, f.text) {
			return f
		}
	}
	return failure{}
}

// refused reports whether the registry itself said no, as opposed to not being
// reachable: the daemon will get the same answer.
func refused(err error) bool {
	var answer *transport.Error
	if errors.As(err, &answer) {
		return answer.StatusCode/100 == 4 && answer.StatusCode != http.StatusRequestTimeout
	}
	return errors.Is(err, errPlatform)
}

// Missing reports whether the registry answered that the image does not exist,
// as opposed to access being denied.
func Missing(err error) bool {
	var answer *transport.Error
	return errors.As(err, &answer) && answer.StatusCode == http.StatusNotFound
}
