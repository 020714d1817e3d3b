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

// cacheFormat changes with what is looked for in files.
const cacheFormat = "2"

// maxCache is how much the cache may take, in bytes.
const maxCache = 512 << 20

// Cache remembers what was found in layers, by digests of theirs that were
// verified. Its value is a directory; "" remembers nothing. No error of it
// matters: what it does not have is read again.
type Cache string

// file is where the entries of a content are.
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
	_ = os.Chtimes(name, now, now) // what is used stays
	return entries, true
}

// put never leaves half a file.
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

// trim removes what was not used for longest.
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
