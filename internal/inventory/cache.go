package inventory

import (
	"cmp"
	"crypto/sha256"
	"encoding/gob"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// cacheFormat changes whenever scans look for different things in files.
const cacheFormat = "2"

// maxCache is the maximum size of the cache, in bytes.
const maxCache = 512 << 20

// Cache stores what was found in layers, by their verified digests. Its value is
// a directory; "" disables it. Errors do not matter: missing entries are read
// again.
type Cache string

// file returns where the entries of some content are stored.
func (c Cache) file(content string, s scanner) string {
	key := sha256.Sum256(fmt.Append(nil, cacheFormat, content, s.all, s.interest))
	return filepath.Join(string(c), hex.EncodeToString(key[:16])+".gob")
}

func (c Cache) get(content string, s scanner) ([]Entry, bool) {
	if c == "" {
		return nil, false
	}
	name := c.file(content, s)
	file, err := os.Open(name)
	if err != nil {
		return nil, false
	}
	defer file.Close()
	var entries []Entry
	if err := gob.NewDecoder(file).Decode(&entries); err != nil {
		return nil, false
	}
	now := time.Now()
	_ = os.Chtimes(name, now, now) // recently used entries are kept
	return entries, true
}

// put never leaves an incomplete file.
func (c Cache) put(content string, s scanner, entries []Entry) {
	if c == "" || os.MkdirAll(string(c), 0o700) != nil {
		return
	}
	file, err := os.CreateTemp(string(c), "new-*")
	if err != nil {
		return
	}
	defer os.Remove(file.Name())
	err = gob.NewEncoder(file).Encode(entries)
	if closed := file.Close(); err == nil && closed == nil {
		_ = os.Rename(file.Name(), c.file(content, s))
	}
	c.trim()
}

// trim removes the least recently used files.
func (c Cache) trim() {
	names, _ := filepath.Glob(filepath.Join(string(c), "*"))
	var files []os.FileInfo
	for _, name := range names {
		if info, err := os.Lstat(name); err == nil {
			files = append(files, info)
		}
	}
	slices.SortFunc(files, func(a, b os.FileInfo) int {
		return cmp.Or(b.ModTime().Compare(a.ModTime()), cmp.Compare(a.Name(), b.Name()))
	})
	var sum int64
	for _, file := range files {
		if sum += file.Size(); sum > maxCache {
			os.Remove(filepath.Join(string(c), file.Name()))
		}
	}
}
