package trial

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/djok/facecraft/internal/containers"
	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/inventory"
	"github.com/djok/facecraft/internal/verify"
)

// librariesScript runs in the image's own Python.
//
//go:embed libraries.py
var librariesScript string

// librariesTimeout limits the imports of all libraries. On a slow disk, torch
// alone takes a minute the first time.
const librariesTimeout = 3 * time.Minute

// libraries asks the image's Python about its libraries, in a container that does
// not run the server.
func (r *run) libraries(ctx context.Context) {
	if ctx.Err() != nil {
		return
	}
	seen := &verify.Libraries{}
	r.seen.Libraries = seen
	python := r.python
	if python == "" {
		seen.Why = "the image has no Python in its PATH"
		return
	}
	seen.Python = python
	ask := func(config *container.Config, host *container.HostConfig) {
		config.Entrypoint, config.Cmd = []string{python}, []string{"-c", librariesScript}
		host.LogConfig = container.LogConfig{Type: "json-file"} // does not split long lines
	}
	s, err := r.newServer(ctx, r.container, offline, ask)
	if err != nil {
		seen.Why = err.Error()
		return
	}
	defer s.remove()
	out, died, err := s.answer(ctx)
	if err != nil {
		seen.Why = err.Error()
	}
	if found := parseLibraries(out, seen); died == "" {
		return
	} else if found == 0 {
		seen.Why = died
	}
	seen.Unfinished(died)
}

// answer runs a container until it exits, and returns its output and, if it died,
// how. The error means that it did not exit.
func (s *server) answer(ctx context.Context) (out []byte, died string, err error) {
	limited, cancel := context.WithTimeout(ctx, librariesTimeout)
	defer cancel()
	ended, failed := s.Docker.ContainerWait(limited, s.id, container.WaitConditionNextExit)
	if err := s.start(limited); err != nil {
		return nil, "", err
	}
	select {
	case end := <-ended:
		if end.StatusCode != 0 {
			died = fmt.Sprintf("Python ended with exit code %d", end.StatusCode)
		}
	case err = <-failed:
		if limited.Err() != nil {
			err = errors.New("it took longer than " + format.Duration(librariesTimeout))
		}
	}
	var stdout, stderr capped
	reading, stop := context.WithTimeout(context.WithoutCancel(ctx), containers.CleanupTimeout)
	defer stop()
	_ = containers.Logs(reading, s.Docker, s.id, &stdout, &stderr, containers.LogOptions{})
	if words := lastLine(stderr.String()); died != "" && words != "" {
		died += ": " + words
	}
	return stdout.Bytes(), died, err
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}

// parseLibraries reads the script's lines, and returns how many libraries there
// are. Lines of the libraries themselves are skipped.
func parseLibraries(out []byte, seen *verify.Libraries) (found int) {
	for line := range bytes.Lines(out) {
		var about verify.Library
		if json.Unmarshal(line, &about) != nil || about.Name == "" {
			continue
		}
		at := slices.IndexFunc(seen.List, func(l verify.Library) bool { return l.Name == about.Name })
		if at < 0 {
			seen.List = append(seen.List, about)
			found++
			continue
		}
		about.Answered = true
		seen.List[at] = about
	}
	return found
}

var pythonName = regexp.MustCompile(`^python[\d.]*$`)

// findPython returns the path of the Python that runs the server, or of the one
// that the image's command would run, or "".
func (r *run) findPython(ctx context.Context, s *server, running string) string {
	var words []string
	var config inventory.Config
	if c := r.image.Config; c != nil {
		words, config.Env = append(slices.Clone(c.Entrypoint), c.Cmd...), c.Env
	}
	value, _ := config.Variable("PATH")
	dirs := strings.Split(cmp.Or(value, inventory.DefaultPath), ":")
	for _, name := range append([]string{running}, interpreters(words)...) {
		if found := s.find(ctx, name, dirs); found != "" {
			return found
		}
	}
	return ""
}

// interpreters returns the names to look for. A virtual environment has its
// Python next to its programs.
func interpreters(command []string) (list []string) {
	for _, word := range command {
		if pythonName.MatchString(path.Base(word)) {
			list = append(list, word)
		}
	}
	for _, word := range command[:min(1, len(command))] {
		if path.IsAbs(word) {
			list = append(list, path.Join(path.Dir(word), "python"))
		}
	}
	return append(list, "python3", "python", "/opt/venv/bin/python", "/opt/conda/bin/python")
}

// find looks a program up as a shell would, among the container's files.
func (s *server) find(ctx context.Context, name string, dirs []string) string {
	if name == "" {
		return ""
	}
	if path.IsAbs(name) {
		dirs = []string{""}
	}
	for _, dir := range dirs {
		file := path.Join("/", dir, name)
		if _, err := s.Docker.ContainerStatPath(ctx, s.id, file); err == nil {
			return file
		}
	}
	return ""
}
