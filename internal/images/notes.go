package images

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/volume"

	"github.com/djok/facecraft/internal/plan"
)

// Notes record which instance pulled, loaded or used an image, so that a purge
// removes only its own. An image cannot store that, and containers get removed.
// The daemon holds all state, so a note is an empty volume with these labels.
const (
	labelUser  = "io.facecraft.image-user" // an instance
	labelImage = "io.facecraft.image"      // by its Familiar name
)

// Note records that the instance pulls, loads or uses an image. An image whose
// note failed, or was pruned, is not purged.
func (s *Store) Note(ctx context.Context, image string) {
	if s.Instance == "" {
		return
	}
	_, _ = s.Docker.VolumeCreate(ctx, volume.CreateOptions{Name: noteName(s.Instance, image),
		Labels: map[string]string{labelUser: s.Instance, labelImage: Familiar(image)}})
}

// Forget removes the instance's note of an image.
func (s *Store) Forget(ctx context.Context, image string) {
	_ = s.Docker.VolumeRemove(ctx, noteName(s.Instance, image), false) // best effort, as Note
}

func noteName(instance, image string) string {
	sum := sha256.Sum256([]byte(instance + "\n" + Familiar(image)))
	return "facecraft-note-" + hex.EncodeToString(sum[:6])
}

// Users returns the instances that pulled, loaded or used each image, by its
// Familiar name.
func (s *Store) Users(ctx context.Context) (map[string][]string, error) {
	withUser := filters.NewArgs(filters.Arg("label", labelUser))
	notes, err := s.Docker.VolumeList(ctx, volume.ListOptions{Filters: withUser})
	if err != nil {
		return nil, err
	}
	users := map[string][]string{}
	for _, note := range notes.Volumes {
		image := note.Labels[labelImage]
		users[image] = append(users[image], note.Labels[labelUser])
	}
	for _, instances := range users {
		slices.Sort(instances)
	}
	return users, nil
}

// Familiar returns an image reference as people write it; daemons write the
// domain and tag in several ways.
func Familiar(name string) string {
	named, err := reference.ParseNormalizedNamed(plan.ShortName(name))
	if err != nil {
		return name
	}
	return reference.FamiliarString(reference.TagNameOnly(named))
}
