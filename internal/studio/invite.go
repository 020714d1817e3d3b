package studio

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/studio/guard"
	"github.com/djok/facecraft/internal/studio/spool"
)

// A second `facecraft studio` for the same folder finds the first one through a
// file in the spool, which only this user can read, and opens a page of it.

const (
	invitePath       = "/invite"
	invitationHeader = "X-Facecraft-Invitation"
	invitationName   = "running.json"
)

// joinTimeout is how long the first one may take to list the photos it is given.
const joinTimeout = 30 * time.Second

// invitation is the content of the file.
type invitation struct {
	Address string `json:"address"`
	Secret  string `json:"secret"`
}

// invite writes the file.
func (s *Studio) invite() error {
	s.secret = rand.Text()
	text, err := json.Marshal(invitation{s.address, s.secret})
	if err != nil {
		return err
	}
	path := invitationPath(s.config.Folder)
	os.Remove(path) // left by a killed program; a new file has the right permissions
	return os.WriteFile(path, text, 0o600)
}

func invitationPath(folder string) string {
	return filepath.Join(folder, spool.DirName, invitationName)
}

// takeInvitation adds photos for a second program, and responds with an address
// to open.
func (s *Studio) takeInvitation(w http.ResponseWriter, r *http.Request) {
	if subtle.ConstantTimeCompare([]byte(r.Header.Get(invitationHeader)), []byte(s.secret)) != 1 {
		guard.Refuse(w, http.StatusUnauthorized, "this is for facecraft only", "")
		return
	}
	var wanted struct{ Files []string }
	err := read(r, &wanted)
	if err == nil {
		err = s.addFiles(wanted.Files)
	}
	if err != nil {
		guard.Refuse(w, http.StatusBadRequest, err.Error(), fault.HintOf(err))
		return
	}
	guard.Answer(w, http.StatusOK, map[string]string{"address": s.open()})
}

// join passes the files to the studio that is running for the folder, and opens
// a page of it. It is only called while that program holds the lock: after a kill,
// the port may belong to another program.
func join(ctx context.Context, c Config) error {
	var to invitation
	text, err := os.ReadFile(invitationPath(c.Folder))
	if err == nil {
		err = json.Unmarshal(text, &to)
	}
	if err != nil {
		return silent(c.Folder, err)
	}
	files := make([]string, len(c.Files))
	for i, file := range c.Files {
		if files[i], err = filepath.Abs(file); err != nil {
			return err
		}
	}
	address, err := to.accept(ctx, files)
	if err != nil {
		return silent(c.Folder, err)
	}
	c.Ready(address)
	return nil
}

// silent is the error for a studio that cannot be joined.
func silent(folder string, err error) error {
	var refused *problem
	if errors.As(err, &refused) {
		return refused.error
	}
	return fault.Wrap(fault.Failed, err, "end it, or choose a different folder with -o",
		"another facecraft studio uses %s and does not answer", folder)
}

// accept returns an address to open. The error is a *problem if the other
// program refuses the files.
func (i invitation) accept(ctx context.Context, files []string) (address string, err error) {
	body, err := json.Marshal(map[string][]string{"files": files})
	if err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, i.Address+invitePath, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set(invitationHeader, i.Secret)
	client := &http.Client{Transport: &http.Transport{}, Timeout: joinTimeout} // no proxy: it is this machine
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var answer struct {
		Address string
		Error   guard.Problem
	}
	err = json.NewDecoder(response.Body).Decode(&answer)
	if err == nil && answer.Error.What != "" {
		err = &problem{response.StatusCode, fault.New(fault.Failed, answer.Error.Fix, "%s", answer.Error.What)}
	}
	return answer.Address, err
}
