// Package lint finds pitfalls of AI images in their sources, before anything is
// built. A repository is read as a whole: each Dockerfile with its ignore file,
// the requirement files that it copies and the Compose file that starts it. What
// cannot be resolved is unknown, with the reason, and never a failure.
package lint

import (
	"context"
	"io/fs"
	"slices"
	"time"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/lint/repo"
	"github.com/djok/facecraft/internal/lint/source"
)

// Options say what to lint.
type Options struct {
	Target string   // how the report names the repository
	Only   []string // files and directories that are reported; none means all
	Today  time.Time
}

// Result is a report, with the fixes of those findings that have one.
type Result struct {
	finding.Report
	Fixes   []Fix
	sources map[string]*source.File
	targets int // how many Dockerfiles, Compose files, workflows and READMEs were read
}

// Run reads a repository and judges it.
func Run(ctx context.Context, root fs.FS, options Options) (*Result, error) {
	checks, err := finding.Checks()
	if err != nil {
		return nil, err
	}
	r, err := repo.Load(ctx, root)
	if err != nil {
		return nil, err
	}
	j := newJudge(r, checks)
	for _, rule := range rules {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		rule(j)
	}
	return j.result(options)
}

// rules lists all rules. Each makes one or more checks.
var rules = []func(*judge){
	unreadable,
	torchRule, cudaDevelRule, cacheOrderRule, chownLayerRule, wheelsLayerRule, contextRule, hiddenImportRule,
	fetchRule, digestRule,
	healthRule, composeHealthRule, workersRule, dlibRule, composeReadinessRule,
	userRule, useraddOrderRule,
	ortRule,
	secretRule, workflowPasswordRule, workflowEnvironmentRule,
	latestRule, workflowLoginRule, hubReadmeRule, composeCommentRule, readmeRule,
}

// Checks returns the checks that lint makes.
func Checks() ([]finding.Check, error) {
	all, err := finding.Checks()
	return slices.DeleteFunc(slices.Clone(all), func(c finding.Check) bool {
		return !slices.Contains(c.SeenBy, "lint")
	}), err
}
