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

// Kind says whether it is worth asking again.
type Kind int

// The kinds of failure of a pull.
const (
	Unclear     Kind = iota // not recognised; asking again is of no known use
	Permanent               // asking again gives the same answer
	Transient               // asking again may help
	Unreachable             // a wrong address, unless it worked a moment ago
)

type failure struct {
	text string // in lower case
	kind Kind
	what string
	hint string
}

// Offline is the remedy where a registry is not reached.
const Offline = "check the network, or bring the image with facecraft load FILE"

// failures are known by their wording, which the registries, the daemons and
// this program's own client share. The first match counts.
var failures = []failure{
	{"toomanyrequests", Permanent, "the registry's pull limit is reached", "log in with docker login, or try again in some hours"},
	{"manifest unknown", Permanent, "there is no such image", "check the tag"},
	{"name unknown", Permanent, "there is no such image", "check the name"},
	{"pull access denied", Permanent, "there is no such image, or it needs a login", "check the name, or docker login"},
	{"unauthorized", Permanent, "the registry wants a login", "log in with docker login"},
	{"no basic auth credentials", Permanent, "the registry wants a login", "log in with docker login"},
	{"denied:", Permanent, "there is no such image, or it needs a login", "check the name, or docker login"},
	{": denied", Permanent, "there is no such image, or it needs a login", "check the name, or docker login"},
	{errPlatform.Error(), Permanent, "the image does not exist for the daemon's platform", "use another variant"},
	{"no image found in manifest list", Permanent, "the image does not exist for the daemon's platform", "use another variant"},
	{"no space left on device", Permanent, "the disk of the Docker daemon is full", "free up disk space: docker system df shows what Docker uses"},
	{"manifest verification failed", Permanent, "the registry sent another image than was asked for", "check the mirror or proxy in between"},
	{"does not match provided manifest digest", Permanent, "the registry sent another image than was asked for", "check the mirror or proxy in between"},
	{"unknown blob", Permanent, "the image in the registry is incomplete", "tell its publisher"},
	{"blob unknown", Permanent, "the image in the registry is incomplete", "tell its publisher"},
	{"error fetching blob: invalid status code from registry 404", Permanent, "the image in the registry is incomplete", "tell its publisher"},

	{"verification failed for digest", Transient, "a layer arrives damaged", "try again; check the mirror or proxy in between"},
	{"digest did not match", Transient, "a layer arrives damaged", "try again; check the mirror or proxy in between"},
	{"unexpected http status: 5", Transient, "the registry is in trouble", "try again later"},
	{"connection reset", Transient, "the connection breaks again and again", "check the network and try again"},
	{"broken pipe", Transient, "the connection breaks again and again", "check the network and try again"},
	{": eof", Transient, "the connection breaks again and again", "check the network and try again"},
	{"tls handshake timeout", Transient, "the registry does not answer", Offline},
	{"i/o timeout", Transient, "the registry cannot be reached", Offline},
	{"client.timeout exceeded", Transient, "the registry does not answer", Offline},
	{errStalled.Error(), Transient, "the download stalls", "check the network and try again"},

	{"no such host", Unreachable, "the registry cannot be reached", Offline},
	{"connection refused", Unreachable, "the registry cannot be reached", "check the address, or bring the image with facecraft load FILE"},
	{"network is unreachable", Unreachable, "the registry cannot be reached", Offline},
}

var errStalled = errors.New("no bytes arrive")

// Stalled is the failure of a download that goes on without bytes.
func Stalled(how string) error { return fmt.Errorf("%w: %s", errStalled, how) }

// Classify tells what kind of failure of a pull an error is.
func Classify(err error) Kind { return find(err).kind }

// Explain says what a failure of a pull means, and its remedy.
func Explain(reference string, err error) error { return explained("pull", reference, err) }

// explained is Explain for whatever was done with the image.
func explained(doing, reference string, err error) error {
	f := find(err)
	if f.kind == Unclear {
		return fmt.Errorf("%s %s: %w", doing, reference, err)
	}
	return fault.Wrap(fault.Failed, err, f.hint, "%s %s: %s", doing, reference, f.what)
}

// endOfFile is the end of a connection, wherever it stands in a text: alone, in
// brackets, or after a colon.
var endOfFile = regexp.MustCompile(`(^|[\s("'])eof($|[\s)"'.,;])`)

// find recognises a failure. The protocol's codes, as MANIFEST_UNKNOWN, are
// words too.
func find(err error) failure {
	text := ""
	if err != nil {
		text = endOfFile.ReplaceAllString(strings.ReplaceAll(strings.ToLower(err.Error()), "_", " "), ": eof")
	}
	for _, f := range failures {
		if strings.Contains(text, f.text) {
			return f
		}
	}
	return failure{}
}

// refused tells whether the registry itself said no, rather than that it
// could not be asked: then the daemon will hear the same.
func refused(err error) bool {
	var answer *transport.Error
	if errors.As(err, &answer) {
		return answer.StatusCode/100 == 4 && answer.StatusCode != http.StatusRequestTimeout
	}
	return errors.Is(err, errPlatform)
}

// Missing tells whether the registry answered that there is no such image,
// rather than that it may not be seen.
func Missing(err error) bool {
	var answer *transport.Error
	return errors.As(err, &answer) && answer.StatusCode == http.StatusNotFound
}
