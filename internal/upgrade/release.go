// Package upgrade replaces this program with a newer release, which it only
// trusts if the release key has signed it.
package upgrade

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
	"golang.org/x/mod/semver"

	"github.com/djok/facecraft/internal/fault"
)

// Releases is where releases are, unless a mirror is set.
const Releases = "https://github.com/djok/facecraft/releases"

// namespace is the signature namespace of checksums.txt; see OpenSSH's PROTOCOL.sshsig.
const namespace = "facecraft-release"

// The maximum sizes of files, in bytes: the texts are short, and an archive has at
// most 30 MB.
const (
	maxText    = 1 << 20
	maxArchive = 100 << 20
)

// Source is where releases come from.
type Source struct {
	Base   string // a URL with the layout of GitHub's releases
	Key    string // the public key that signs them, as in authorized_keys
	Client *http.Client
}

// Release is a release whose signature was verified.
type Release struct {
	Tag    string // such as v1.2.3
	source Source
	// sums are the SHA-256 of its files in hexadecimal, by name.
	sums map[string]string
}

// Newer reports whether the release is newer than a version.
func (r Release) Newer(version string) bool { return semver.Compare(r.Tag, version) > 0 }

// Latest finds the latest release and verifies its signature.
func (s Source) Latest(ctx context.Context) (Release, error) {
	latest := s.Base + "/latest/download/"
	checksums, err := s.get(ctx, latest+"checksums.txt", maxText)
	if err != nil {
		return Release{}, err
	}
	signature, err := s.get(ctx, latest+"checksums.txt.sig", maxText)
	if err != nil {
		return Release{}, err
	}
	if err := verify(checksums, signature, s.Key); err != nil {
		return Release{}, s.distrust(err, "the checksums of the latest release are not signed by the release key")
	}
	release := Release{source: s, sums: ParseChecksums(string(checksums))}
	tag, err := s.get(ctx, latest+"version.txt", maxText)
	if err != nil {
		return Release{}, err
	}
	if err := release.check("version.txt", tag); err != nil {
		return Release{}, s.distrust(err, "the version of the latest release is not what was signed")
	}
	if release.Tag = strings.TrimSpace(string(tag)); !semver.IsValid(release.Tag) {
		return Release{}, fault.New(fault.Failed, "try again later", "the latest release has no version: %q", release.Tag)
	}
	return release, nil
}

// Program downloads the release's program for a platform such as
// linux_amd64.
func (r Release) Program(ctx context.Context, platform string) ([]byte, error) {
	name := archiveName(platform)
	archive, err := r.source.get(ctx, r.source.Base+"/download/"+r.Tag+"/"+name, maxArchive)
	if err != nil {
		return nil, err
	}
	if err := r.check(name, archive); err != nil {
		return nil, r.source.distrust(err, "%s is not what was signed; nothing was changed", name)
	}
	return unpack(name, archive)
}

func (s Source) distrust(cause error, format string, args ...any) error {
	return fault.Wrap(fault.Failed, cause, "try again; if it happens again, do not trust "+s.Base, format, args...)
}

func (s Source) get(ctx context.Context, url string, most int64) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	answer, err := s.Client.Do(request)
	if err == nil {
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			err = fmt.Errorf("the answer is %s", answer.Status)
		}
	}
	var data []byte
	if err == nil {
		data, err = io.ReadAll(io.LimitReader(answer.Body, most+1))
	}
	switch {
	case err != nil:
		return nil, fault.Wrap(fault.Failed, err, "check the connection and try again", "cannot download %s", url)
	case int64(len(data)) > most:
		return nil, fault.New(fault.Failed, "do not trust "+s.Base, "%s is larger than any release", url)
	}
	return data, nil
}

// check compares a file with its signed checksum.
func (r Release) check(name string, data []byte) error {
	sum := sha256.Sum256(data)
	switch want, ok := r.sums[name]; {
	case !ok:
		return fmt.Errorf("checksums.txt has no entry for %s", name)
	case want != hex.EncodeToString(sum[:]):
		return fmt.Errorf("its SHA-256 is %x, but checksums.txt says %s", sum, want)
	}
	return nil
}

// ParseChecksums reads the output of sha256sum: checksums by file name.
func ParseChecksums(text string) map[string]string {
	sums := map[string]string{}
	for line := range strings.Lines(text) {
		if fields := strings.Fields(line); len(fields) == 2 {
			sums[strings.TrimPrefix(fields[1], "*")] = fields[0]
		}
	}
	return sums
}

func verify(message, armored []byte, key string) error {
	public, _, _, _, err := ssh.ParseAuthorizedKey([]byte(key))
	if err != nil {
		return err
	}
	signature, err := sshsig.Unarmor(armored)
	if err != nil {
		return err
	}
	return sshsig.Verify(bytes.NewReader(message), signature, public, signature.HashAlgorithm, namespace)
}
