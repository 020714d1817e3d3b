package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"time"
)

// glanceTimeout limits the request to a server that may not be ours.
const glanceTimeout = 500 * time.Millisecond

// Title is the title of the OpenAPI schema by which servers are recognised.
const Title = "Facecraft API"

// Schema returns the server's OpenAPI schema.
func (c *Client) Schema(ctx context.Context) (json.RawMessage, error) {
	var schema json.RawMessage
	status, err := c.getJSON(ctx, "/openapi.json", &schema)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("/openapi.json returned HTTP %d", status)
	}
	return schema, err
}

// outsideAsset matches an external script or stylesheet of a page.
var outsideAsset = regexp.MustCompile(`(?:src|href)="(https?://[^"]+\.(?:js|css)[^"]*)"`)

// DocsAsset returns the URL of an external script or stylesheet without which
// the server's documentation stays blank, or "" if it needs none.
func (c *Client) DocsAsset(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, shortTimeout)
	defer cancel()
	response, err := c.do(ctx, http.MethodGet, "/docs")
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	page, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return "", err
	}
	if found := outsideAsset.FindSubmatch(page); found != nil {
		return string(found[1]), nil
	}
	return "", nil
}

// IsFacecraft reports whether an unknown server is a facecraft server, by the
// title of its schema.
func (c *Client) IsFacecraft(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, glanceTimeout)
	defer cancel()
	var schema struct {
		Info struct{ Title string }
	}
	_, err := c.getJSON(ctx, "/openapi.json", &schema)
	return err == nil && schema.Info.Title == Title
}
