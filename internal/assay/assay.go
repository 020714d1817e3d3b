// Package assay implements `facecraft verify`: it locates an image, reads it
// there, and judges it.
package assay

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/inventory"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/registry"
	"github.com/djok/facecraft/internal/trial"
	"github.com/djok/facecraft/internal/verify"
)

// InRegistry is the prefix of a target to read from its registry even if the
// daemon also has it. Other tools use the same prefix.
const InRegistry = "docker://"

// Assay contains everything needed to verify an image.
type Assay struct {
	Daemon    *trial.Daemon // nil if no daemon was reached
	Registry  registry.Client
	Catalogue plan.Catalogue
	Checks    []finding.Check
	Variant   string // the variant to judge the image as; if empty, the image decides
	Options   inventory.Options
	// Readme is the file that the description on Docker Hub should match.
	Readme string
	// Dockerfile is the file that the image was built from, or nil.
	Dockerfile *Dockerfile
	// Run says whether to run the image, if the daemon has it; Container returns
	// how the launcher would run it here.
	Run       bool
	Container func(ctx context.Context, reference string) (plan.Container, error)
	// Say reports progress.
	Say func(format string, args ...any)
}

// InterestOf returns the models that a catalogue knows by name.
func InterestOf(catalogue plan.Catalogue) (interest inventory.Interest) {
	for _, v := range catalogue.Variants {
		for _, m := range v.Needs.Models {
			if !slices.Contains(interest.Models, m.Name) {
				interest.Models = append(interest.Models, m.Name)
			}
		}
	}
	return interest
}

// Verify reads and judges an image.
func (a Assay) Verify(ctx context.Context, target string) (verify.Report, error) {
	if target == "" {
		return verify.Report{}, fault.New(fault.Usage, "facecraft verify IMAGE", "there is no image to verify")
	}
	inv, seen, err := a.read(ctx, target)
	if err != nil {
		return verify.Report{}, explain(target, err)
	}
	report := verify.Judge(inv, seen, a.Catalogue, a.Variant, a.Checks)
	if a.Dockerfile != nil {
		a.Dockerfile.attach(report.Findings, inv)
	}
	return report, nil
}

// read looks for the image in a file of that name, then in the daemon, then in
// its registry.
func (a Assay) read(ctx context.Context, target string) (inv inventory.Inventory, seen verify.Observations, err error) {
	if reference, ok := strings.CutPrefix(target, InRegistry); ok {
		return a.remote(ctx, reference)
	}
	if isFile(target) {
		inv, err = inventory.ReadFile(ctx, target, a.Options)
		seen.Why = "the image is in a file"
		return inv, seen, err
	}
	if a.Daemon != nil {
		inv, err = a.Daemon.Read(ctx, target, a.Options)
		if err == nil && a.Run {
			seen, err = a.observe(ctx, target)
		}
		if !errors.Is(err, trial.ErrNotHere) {
			return inv, seen, err
		}
	}
	return a.remote(ctx, target)
}

const (
	// A server may take minPatience to get ready, or patienceFactor times as long
	// as usual, whichever is longer.
	minPatience    = time.Minute
	patienceFactor = 5
	// watched and watchedMax are the minimum and maximum time to wait for a
	// cleanup.
	watched    = 20 * time.Second
	watchedMax = 10 * time.Minute
	// busy is how long the server processes photos while its health check runs;
	// probed is that check's interval.
	busy   = 5 * time.Second
	probed = 2 * time.Second
)

// observe runs the image as up would run it.
func (a Assay) observe(ctx context.Context, reference string) (verify.Observations, error) {
	container, err := a.Container(ctx, reference)
	if err != nil {
		return verify.Observations{Why: err.Error()}, ctx.Err()
	}
	variant, _ := a.Catalogue.Variant(container.Variant)
	usual := time.Duration(variant.StartSeconds) * time.Second
	return a.Daemon.Observe(ctx, container, trial.Bounds{Usual: usual, Patience: max(minPatience, patienceFactor*usual),
		Watch: watched, WatchMax: watchedMax, CPUs: []float64{2, 1, 0.5}, Busy: busy, Probe: probed})
}

// isFile reports whether a target is on disk. A directory counts only if it
// contains an image, because repository names look like directories.
func isFile(target string) bool {
	info, err := os.Stat(target)
	if err != nil {
		return strings.HasPrefix(target, "./") || strings.HasPrefix(target, "/") || strings.HasSuffix(target, ".tar")
	}
	if !info.IsDir() {
		return true
	}
	_, err = os.Stat(target + "/index.json")
	return err == nil
}

func (a Assay) remote(ctx context.Context, reference string) (inv inventory.Inventory,
	seen verify.Observations, err error) {
	seen.Why = "the image is not in the daemon"
	image, err := a.Registry.Open(ctx, reference, a.Options.Platform)
	if err != nil {
		return inv, seen, err
	}
	if inv, err = inventory.ReadRemote(ctx, reference, image, a.Options); err == nil {
		seen.Registry = a.published(ctx, reference, inv.Config.Created)
	}
	return inv, seen, err
}

// explain adds the fix to an error about a target.
func explain(target string, err error) error {
	var known *fault.Fault
	switch {
	case errors.As(err, &known):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return fault.Wrap(fault.Failed, err, "check its name", "there is no image in %s", target)
	case errors.Is(err, inventory.ErrNoImage):
		return fault.Wrap(fault.Failed, err,
			"write the file with docker save, facecraft save or buildx --output type=oci",
			"%s cannot be verified", target)
	}
	return fmt.Errorf("verify %s: %w", target, err)
}
