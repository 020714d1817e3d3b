package studio

import (
	"archive/zip"
	"errors"
	"io"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/djok/facecraft/internal/studio/guard"
	"github.com/djok/facecraft/internal/studio/spool"
)

// tickets are secrets in addresses that work once, for a short time: a browser
// that saves a file sends no headers. In the zero value they do not expire.
type tickets struct {
	secrets guard.Secrets

	mu    sync.Mutex
	files map[string][]string // by ticket
}

// ticketLife is how long a browser may take to start a download.
const ticketLife = time.Minute

// zipName is the file name for the browser.
const zipName = "portraits.zip"

// offer returns the address of a zip of portraits.
func (s *Studio) offer(r *http.Request) (int, any, error) {
	var sel selection
	if err := read(r, &sel); err != nil {
		return 0, nil, err
	}
	var files []string
	for _, p := range s.spool.Photos() {
		wanted := sel.IDs != nil && slices.Contains(*sel.IDs, p.ID)
		if (sel.IDs == nil || wanted) && p.State != spool.Out {
			files = append(files, p.Files...)
		}
	}
	if len(files) == 0 {
		return 0, nil, &problem{http.StatusConflict, errors.New("there is no portrait yet")}
	}
	return http.StatusOK, map[string]string{"url": "/download/" + s.tickets.sell(files) + "/" + zipName}, nil
}

func (t *tickets) sell(files []string) string {
	ticket := t.secrets.New()
	t.mu.Lock()
	defer t.mu.Unlock()
	for old := range t.files { // expired ones
		if !t.secrets.Has(old) {
			delete(t.files, old)
		}
	}
	if t.files == nil {
		t.files = map[string][]string{}
	}
	t.files[ticket] = files
	return ticket
}

func (t *tickets) take(ticket string) ([]string, bool) {
	if !t.secrets.Spend(ticket) {
		return nil, false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	files := t.files[ticket]
	delete(t.files, ticket)
	return files, true
}

// download streams a zip. A portrait that no longer exists is left out; one that
// cannot be read aborts the download, so that it is not mistaken for a complete
// one.
func (s *Studio) download(w http.ResponseWriter, r *http.Request) {
	files, valid := s.tickets.take(r.PathValue("ticket"))
	if !valid {
		guard.Refuse(w, http.StatusNotFound, "this download was used before, or is too old", "start it again in the page")
		return
	}
	w.Header().Set("Content-Type", "application/zip")
	w.Header().Set("Content-Disposition", `attachment; filename="`+zipName+`"`)
	out := zip.NewWriter(w)
	for i, path := range s.absolute(files) {
		if err := pack(out, files[i], path); err != nil && !errors.Is(err, os.ErrNotExist) {
			panic(http.ErrAbortHandler)
		}
	}
	if out.Close() != nil {
		panic(http.ErrAbortHandler)
	}
}

// pack adds a file uncompressed: portraits are already compressed.
func pack(out *zip.Writer, name, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	entry, err := out.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store, Modified: info.ModTime()})
	if err == nil {
		_, err = io.Copy(entry, file)
	}
	return err
}
