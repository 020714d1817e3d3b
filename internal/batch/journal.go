package batch

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/djok/facecraft/internal/output"
)

// journalName is a hidden file next to the results, with one line of JSON for
// each. It is all that one run knows about earlier ones: how each result was
// made. It is only appended to, before a result gets its name. So even after
// kill -9, every existing result is in the journal; at worst the journal has a
// line without a result, or an incomplete line, which is ignored. If the journal
// is lost, results are kept like files of unknown origin.
const journalName = ".facecraft.jsonl"

// entry says from what and how a result was made, and its size and time then.
// Names are relative to the journal and encoded by encodeName. Sizes are in
// bytes, modification times in ns since 1970.
type entry struct {
	Result     string `json:"result"`
	ResultSize int64  `json:"result_size"`
	ResultTime int64  `json:"result_time"`
	Photo      string `json:"photo"`
	PhotoSize  int64  `json:"photo_size"`
	PhotoTime  int64  `json:"photo_time"`
	Sum        string `json:"sha256,omitempty"` // of the photo, with --checksum
	Options    string `json:"options"`
	ImageID    string `json:"engine,omitempty"` // of the server
	// StopsServer marks a photo without a result because it stops servers. The fields about
	// a result then describe an earlier one.
	StopsServer bool `json:"deadly,omitempty"`
}

// made reports whether a file is still the result described by the entry.
func (e entry) made(info fs.FileInfo) bool {
	return e.ResultSize == info.Size() && e.ResultTime == info.ModTime().UnixNano()
}

// journal is the journal of one directory.
type journal struct {
	dir, cwd string // absolute

	mu      sync.Mutex
	entries map[string]entry // by result, folded; the last entry counts
	photos  map[string]bool  // that had results
	ended   bool             // the file ends with a newline
	missing bool             // the file does not exist yet
}

func openJournal(dir string) (*journal, error) {
	cwd, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	j := &journal{cwd: cwd, entries: map[string]entry{}, photos: map[string]bool{}, ended: true}
	j.dir = j.absolute(dir)
	file, err := os.Open(filepath.Join(dir, journalName))
	if errors.Is(err, fs.ErrNotExist) {
		j.missing = true
		return j, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	lines := bufio.NewReader(file)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			j.ended = len(line) == 0
			return j, nil // the end; unreadable entries are ignored
		}
		var e entry
		if json.Unmarshal(line, &e) == nil {
			j.remember(e)
		}
	}
}

// add writes entries and returns once they are on disk. A single write keeps the
// lines of concurrent runs from being mixed up.
func (j *journal) add(entries ...entry) error {
	var lines []byte
	for _, e := range entries {
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		lines = append(append(lines, line...), '\n')
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.ended { // the last line is incomplete
		lines = append([]byte{'\n'}, lines...)
		j.ended = true
	}
	if err := j.append(lines); err != nil {
		return err
	}
	for _, e := range entries {
		j.remember(e)
	}
	return nil
}

func (j *journal) append(lines []byte) error {
	file, err := os.OpenFile(filepath.Join(j.dir, journalName), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		return err
	}
	_, err = file.Write(lines)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil || !j.missing {
		return err
	}
	j.missing = false
	return output.SyncDir(j.dir)
}

func (j *journal) remember(e entry) {
	j.entries[fold(e.Result)] = e
	j.photos[e.Photo] = true
}

// hasPhoto reports whether a photo has ever had a result.
func (j *journal) hasPhoto(path string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.photos[j.relative(path)]
}

// entryFor returns the entry for a result, or the zero entry.
func (j *journal) entryFor(result string) entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.entries[fold(j.relative(result))]
}

// relative returns a path relative to the journal's directory, so that photos
// and results can be moved together.
func (j *journal) relative(path string) string {
	if rel, err := filepath.Rel(j.dir, j.absolute(path)); err == nil {
		path = rel
	}
	return encodeName(filepath.ToSlash(path))
}

// absolute is filepath.Abs with the working directory at the start.
func (j *journal) absolute(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(j.cwd, path)
}

// encodeName turns a name of arbitrary bytes into text that survives JSON: a
// name that is not valid UTF-8 becomes a quoted Go string literal.
func encodeName(name string) string {
	if utf8.ValidString(name) && !strings.HasPrefix(name, `"`) {
		return name
	}
	return strconv.Quote(name)
}

// fold makes names equal that are the same on case-insensitive file systems.
func fold(name string) string { return strings.ToLower(name) }

// journals caches the journals of a run, so that each is read once.
type journals struct {
	mu   sync.Mutex
	open map[string]*journal
}

func (js *journals) in(dir string) (*journal, error) {
	js.mu.Lock()
	defer js.mu.Unlock()
	if j, ok := js.open[dir]; ok {
		return j, nil
	}
	j, err := openJournal(dir)
	if err != nil {
		return nil, err
	}
	if js.open == nil {
		js.open = map[string]*journal{}
	}
	js.open[dir] = j
	return j, nil
}
