package studio

import (
	"bytes"
	_ "embed"
	"errors"
	"io"
	"net/http"
	"net/url"
	"unicode/utf8"

	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/photo"
	"github.com/djok/facecraft/internal/studio/spool"
)

// The headers of an upload.
const (
	nameHeader     = "X-Facecraft-Name"     // escaped as in a URL
	settingsHeader = "X-Facecraft-Settings" // JSON
)

// example is a portrait of Eileen Collins by NASA, in the public domain.
//
//go:embed example.jpg
var example []byte

// exampleName is the example's file name.
const exampleName = "example.jpg"

// upload receives one photo, which is the whole body.
func (s *Studio) upload(r *http.Request) (int, any, error) {
	name, err := url.PathUnescape(r.Header.Get(nameHeader))
	if err != nil || !utf8.ValidString(name) {
		return 0, nil, &problem{http.StatusBadRequest, errors.New("the photo's name is not readable")}
	}
	settings := stored(s.spool.Settings())
	if text := r.Header.Get(settingsHeader); text != "" {
		if settings, err = parseSettings([]byte(text)); err != nil {
			return 0, nil, err
		}
	}
	if r.ContentLength > photo.MaxBytes {
		return 0, nil, tooLarge()
	}
	return s.receive(spool.SafeName(name), settings, http.MaxBytesReader(nil, r.Body, photo.MaxBytes))
}

func tooLarge() error {
	return &problem{http.StatusRequestEntityTooLarge,
		errors.New("the file is larger than " + format.Memory(photo.MaxBytes))}
}

func (s *Studio) receive(name string, settings Settings, body io.Reader) (int, any, error) {
	copied, err := s.spool.Receive(body)
	var unfit *spool.Unfit
	switch {
	case errors.As(err, new(*http.MaxBytesError)):
		return 0, nil, tooLarge()
	case errors.As(err, &unfit):
		return 0, nil, &problem{http.StatusUnprocessableEntity, unfit.Why}
	case err != nil:
		return 0, nil, err
	}
	view, isNew, err := s.add(name, settings, copied)
	if isNew {
		return http.StatusCreated, view, err
	}
	return http.StatusOK, view, err
}

// addExample adds the built-in photo.
func (s *Studio) addExample(*http.Request) (int, any, error) {
	return s.receive(exampleName, stored(s.spool.Settings()), bytes.NewReader(example))
}
