package api

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Status is the response of /status, as far as this program uses it.
type Status struct {
	Version string `json:"version"`
	Device  struct {
		Type string `json:"type"`
		Name string `json:"name"`
	} `json:"device"`
	Models map[string]struct {
		Loaded bool   `json:"loaded"`
		Type   string `json:"type"`
	} `json:"models"`
	Statistics struct {
		Total int `json:"total_processed"`
		Kept  int `json:"backgrounds_kept"` // only reported by the built-in engine
	} `json:"statistics"`
}

// BuiltIn reports whether the server is the built-in engine.
func (s Status) BuiltIn() bool {
	return strings.HasSuffix(s.Models["background_remover"].Type, "(built in)")
}

// noModel is the type prefix of a model that a server does not have by design.
const noModel = "none"

// Shortcomings lists what is wrong with a server although it is ready: models
// that could not be loaded, or a GPU image running without a GPU. The images
// only log such errors.
func (s Status) Shortcomings(gpu bool) []string {
	var list []string
	if gpu && s.Device.Type != "cuda" {
		list = append(
			list,
			fmt.Sprintf("the GPU is not used: the server runs on the %s, which is several times slower", s.Device.Type),
		)
	}
	for _, name := range s.ModelNames() {
		if s.Claims(name) && !s.Models[name].Loaded {
			list = append(list, fmt.Sprintf("the model %s is not loaded: %s", name, consequences[name]))
		}
	}
	return list
}

// Claims reports whether a server is supposed to have a model, loaded or not.
func (s Status) Claims(name string) bool {
	model, known := s.Models[name]
	return known && !strings.HasPrefix(model.Type, noModel)
}

// consequences says what happens without a model.
var consequences = map[string]string{
	"face_detector":      "no faces will be found",
	"face_landmarks":     "faces will not be aligned",
	"face_enhancer":      "portraits will not be enhanced",
	"background_remover": "backgrounds will not be removed",
}

// ModelNames returns the sorted names of the models.
func (s Status) ModelNames() []string { return slices.Sorted(maps.Keys(s.Models)) }

// Status requests which models are loaded, and on which device.
func (c *Client) Status(ctx context.Context) (Status, error) {
	var s Status
	code, err := c.getJSON(ctx, "/status", &s)
	if err == nil && code != http.StatusOK {
		err = fmt.Errorf("/status returned HTTP %d", code)
	}
	return s, err
}
