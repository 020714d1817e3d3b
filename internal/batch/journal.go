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

// journalName is a hidden file beside the results, one line of JSON for each.
// It is the only memory between two runs: the results themselves tell that
// they are there, and the journal of what they were made. It is only ever
// appended to, before a result gets its name; so whenever a run ends, and if
// by kill -9, a result that is there is in the journal, and at worst a line of
// the journal has no result, or is torn, and is ignored. Where the journal is
// lost, results are kept as files of unknown origin.
const journalName = ".facecraft.jsonl"

// entry says of what and how a result was made, and what it was like then.
// Names are relative to the journal, as encodeName gives them; sizes are in
// bytes, times of the last change in ns since 1970.
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
	// Deadly photos have no result: servers stop over them. What is said of a
	// result is then that of an earlier one.
	Deadly bool `json:"deadly,omitempty"`
}

// made tells whether a file is still the result that the entry speaks of.
func (e entry) made(info fs.FileInfo) bool {
	return e.ResultSize == info.Size() && e.ResultTime == info.ModTime().UnixNano()
}

// journal is that of one directory.
type journal struct {
	dir, cwd string // absolute

	mu      sync.Mutex
	entries map[string]entry // by result, folded; the last one counts
	photos  map[string]bool  // of which there were results
	ended   bool             // the file ends with a line end
	missing bool             // there is no file yet
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
			return j, nil // the end; what cannot be read is not known
		}
		var e entry
		if json.Unmarshal(line, &e) == nil {
			j.remember(e)
		}
	}
}

// add writes entries, and returns when they are on the disk. One call writes
// them in one piece, so that two runs at once do not mix their lines.
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
	if !j.ended { // a line was torn
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

// knows tells whether there was ever a result of a photo.
func (j *journal) knows(path string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.photos[j.relative(path)]
}

// of is what is known of a result; nothing is the zero entry.
func (j *journal) of(result string) entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.entries[fold(j.relative(result))]
}

// relative names a file from the journal's directory, so that photos and
// results can be moved together.
func (j *journal) relative(path string) string {
	if rel, err := filepath.Rel(j.dir, j.absolute(path)); err == nil {
		path = rel
	}
	return encodeName(filepath.ToSlash(path))
}

// absolute is filepath.Abs without asking for the working directory again.
func (j *journal) absolute(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(j.cwd, path)
}

// encodeName makes a name of any bytes a text that JSON keeps: what is no
// UTF-8 becomes a Go string literal, in quotes.
func encodeName(name string) string {
	if utf8.ValidString(name) && !strings.HasPrefix(name, `"`) {
		return name
	}
	return strconv.Quote(name)
}

// fold makes names equal that some file systems take for the same.
func fold(name string) string { return strings.ToLower(name) }

// journals are those of a run, each read once.
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
