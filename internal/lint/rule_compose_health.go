package lint

import (
	"cmp"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/lint/baseimage"
	"github.com/djok/facecraft/internal/lint/compose"
	"github.com/djok/facecraft/internal/lint/repo"
	"github.com/djok/facecraft/internal/lint/yamltree"
)

// composeHealthRule judges the health checks of Compose files, which override
// those of images.
func composeHealthRule(j *judge) {
	for _, file := range j.Compose {
		for _, s := range file.Services {
			if s.Health == nil || !j.loadsModels(s) {
				continue
			}
			at := yamltree.Location(file.File, s.Health)
			if yamltree.Text(yamltree.Get(s.Health, "disable")) == "true" {
				j.fail("ready", at, "the health check of %s is turned off", s.Name)
				continue
			}
			j.composeProbe(file, s)
			j.composeWindow(file, s)
		}
	}
}

// loadsModels reports whether a service runs an image that is known to load models.
func (j *judge) loadsModels(s *compose.Service) bool {
	for _, i := range j.Images {
		if s.Dockerfile != "" && i.Name == s.Dockerfile {
			return i.Models() != ""
		}
	}
	return s.Image != nil && baseimage.Parse(yamltree.Text(s.Image)).Name == "djok/facecraft"
}

func (j *judge) composeProbe(file *compose.File, s *compose.Service) {
	test := yamltree.Get(s.Health, "test")
	if test == nil {
		return
	}
	words := strings.Fields(yamltree.Text(test))
	for _, item := range yamltree.Items(test) {
		words = append(words, strings.Fields(yamltree.Text(item))...)
	}
	for _, word := range words {
		if u, err := url.Parse(strings.Trim(word, `'"`)); err == nil && u.Host != "" && liveOnly(u.Path) {
			j.fail("ready", yamltree.Location(file.File, test), "%s answers before the models are loaded", cmp.Or(u.Path, "/")).
				severity(finding.Warning)
			return
		}
	}
}

// composeWindow judges the start period. What a Compose file leaves out comes
// from the image.
func (j *judge) composeWindow(file *compose.File, s *compose.Service) {
	node := yamltree.Get(s.Health, "start_period")
	period, err := time.ParseDuration(yamltree.Text(node))
	if node == nil {
		node = s.Health
		period, err = j.imagePeriod(s)
	}
	if err == nil && period < startPeriod {
		j.fail("health-window", yamltree.Location(file.File, node),
			"models may need 3 minutes to load; the start period is %s", startPeriodText(period)).severity(finding.Warning)
	}
}

var errNotHere = errors.New("its Dockerfile is not here")

// imagePeriod returns the start period of the image that a service builds.
func (j *judge) imagePeriod(s *compose.Service) (time.Duration, error) {
	for _, i := range j.Images {
		if s.Dockerfile != "" && i.Name == s.Dockerfile {
			if step, command := repo.Last[*instructions.HealthCheckCommand](i); step != nil {
				return command.Health.StartPeriod, nil
			}
			return 0, nil
		}
	}
	return 0, errNotHere
}

// startPeriodText says how long a start period is.
func startPeriodText(period time.Duration) string {
	if period == 0 {
		return "none"
	}
	return format.InSeconds(period)
}
