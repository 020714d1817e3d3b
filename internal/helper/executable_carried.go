//go:build !linux && carryhelper

package helper

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
)

// The release build puts the Linux executable for the same architecture here.
//
//go:embed payload/facecraft-linux.gz
var carried []byte

func executable() ([]byte, error) {
	reader, err := gzip.NewReader(bytes.NewReader(carried))
	if err != nil {
		return nil, fmt.Errorf("the Linux executable that this program carries: %w", err)
	}
	return io.ReadAll(reader)
}
