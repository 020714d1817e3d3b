package upgrade

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"

	"golang.org/x/mod/semver"

	"github.com/djok/facecraft/internal/fault"
)

// Settings are what an upgrade needs to know about this program.
type Settings struct {
	Version string // of this program
	Key     string // see Source; empty in builds that are not releases
	Mirror  string // instead of Releases; may be empty
	Path    string // of this program
}

// between matches git describe's names of commits after a release.
var between = regexp.MustCompile(`-g[0-9a-f]{7,}|-dirty`)

// released reports whether this program is a signed release.
func (s Settings) released() bool {
	return s.Key != "" && semver.IsValid(s.Version) && !between.MatchString(s.Version)
}

// Check finds the latest release. An error says why this program cannot upgrade
// itself.
func (s Settings) Check(ctx context.Context) (Release, error) {
	if !s.released() {
		return Release{}, fault.New(fault.Failed, "install a release with install.sh, or build a newer commit",
			"this program (%s) is not a signed release, so it cannot verify another one", s.Version)
	}
	return s.source().Latest(ctx)
}

// Install replaces this program with a release.
func (s Settings) Install(ctx context.Context, release Release) error {
	path, err := filepath.EvalSymlinks(s.Path)
	if err != nil {
		return err
	}
	if owner, ok := OwnerOf(ctx, path, platform(), release.source.Base); ok {
		return fault.New(fault.Failed, owner.Upgrade, "%s was installed by %s, which must upgrade it", path, owner.Name)
	}
	if err := writable(filepath.Dir(path)); err != nil {
		return fault.Wrap(fault.Failed, err, "run it as a user who can write there", "cannot upgrade %s", path)
	}
	program, err := release.Program(ctx, platform())
	if err != nil {
		return err
	}
	return Replace(ctx, path, program, release.Tag)
}

// writable fails before a download that would be wasted.
func writable(dir string) error {
	file, err := os.CreateTemp(dir, ".facecraft-*")
	if err != nil {
		return err
	}
	file.Close()
	return os.Remove(file.Name())
}

func platform() string { return runtime.GOOS + "_" + runtime.GOARCH }

func (s Settings) source() Source {
	base := Releases
	if s.Mirror != "" {
		base = strings.TrimRight(s.Mirror, "/")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = time.Minute
	return Source{Base: base, Key: s.Key, Client: &http.Client{Transport: transport}}
}
