package launch

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/apidoc"
	"github.com/djok/facecraft/internal/run"
)

// assetTimeout limits the check for internet access.
const assetTimeout = 2 * time.Second

// DocsPage is where a server's documentation can be read: its own page or, if
// that would be blank because there is no internet, one generated from its
// schema.
func (l *Launcher) DocsPage(ctx context.Context, server run.Server) string {
	own := server.URL + "/docs"
	client := l.Servers.Client(ctx, server)
	defer client.Close()
	asset, err := client.DocsAsset(ctx)
	if err != nil || asset == "" || loads(ctx, asset) {
		return own
	}
	local, err := writeDocs(ctx, client, server)
	if err != nil {
		l.UI.Warn("%s needs the internet, and an offline page could not be written: %v", own, err)
		return own
	}
	return local
}

// loads reports whether an address answers, through a proxy if there is one, as
// it would for a browser.
func loads(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, assetTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, address, nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode < http.StatusBadRequest
}

// snaps is where the programs of snap packages are. Browsers in snaps cannot read
// hidden directories. (https://snapcraft.io/docs/home-interface)
const snaps = "/snap/bin"

// pagesDir is where pages are written: the user's cache, or a directory that
// any browser can read.
func pagesDir() (string, error) {
	if _, err := os.Stat(snaps); err == nil {
		home, err := os.UserHomeDir()
		return filepath.Join(home, "facecraft-docs"), err
	}
	cache, err := os.UserCacheDir()
	return filepath.Join(cache, "facecraft"), err
}

// writeDocs writes the page to a file and returns its path.
func writeDocs(ctx context.Context, client *api.Client, server run.Server) (string, error) {
	schema, err := client.Schema(ctx)
	if err != nil {
		return "", err
	}
	page, err := apidoc.New(schema)
	if err != nil {
		return "", err
	}
	var html bytes.Buffer
	if err := page.Render(&html, apidoc.Place{Address: server.URL}); err != nil {
		return "", err
	}
	dir, err := pagesDir()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, server.Name+".html")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	return path, os.WriteFile(path, html.Bytes(), 0o600)
}
