package plan_test

import (
	"testing"

	"github.com/djok/facecraft/internal/plan"
)

func TestPinned(t *testing.T) {
	t.Parallel()
	const digest = "sha256:12"
	for image, want := range map[plan.Image]string{
		{Reference: "djok/facecraft:cpu"}:                                      "djok/facecraft:cpu",
		{Reference: "djok/facecraft:cpu", Digest: digest}:                      "djok/facecraft@sha256:12",
		{Reference: "registry:5000/own", Digest: digest}:                       "registry:5000/own@sha256:12",
		{Reference: "registry:5000/own:1", Digest: digest}:                     "registry:5000/own@sha256:12",
		{Reference: "djok/facecraft@sha256:34", Digest: "sha256:34"}:           "djok/facecraft@sha256:34",
		{Reference: "facecraft-lite:0123", BuiltIn: true}:                      "facecraft-lite:0123",
		{Reference: "djok/facecraft:cpu", Digest: digest, Platform: "linux/x"}: "djok/facecraft@sha256:12",
	} {
		if got := image.Pinned(); got != want {
			t.Errorf("%+v: %s, want %s", image, got, want)
		}
	}
}

// TestDigestIsNotPartOfHash: the digest is known only after the pull, and goes
// into the labels but not into the hash.
func TestDigestIsNotPartOfHash(t *testing.T) {
	t.Parallel()
	c := plan.Container{Instance: "facecraft", Image: plan.Image{Reference: "djok/facecraft:cpu"}}
	unpulled := c.Hash()
	if digest, ok := c.Labels("v1")[plan.LabelDigest]; ok {
		t.Errorf("unexpected digest %q", digest)
	}
	c.Image.Digest = "sha256:12"
	if c.Hash() != unpulled {
		t.Error("pulling changed the container's hash")
	}
	if got := c.Labels("v1")[plan.LabelDigest]; got != "sha256:12" {
		t.Errorf("the label is %q", got)
	}
}
