package finding

import (
	"cmp"
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// Check is what the program says of a pitfall, whichever command sees it. Each
// is one file in checks/, named after its ID.
type Check struct {
	ID string `yaml:"-"`
	// Aliases are names that select this check too. Several checks may share
	// one, which then names them as a group.
	Aliases  []string `yaml:"aliases"`
	Seed     string   `yaml:"seed"`
	Group    string   `yaml:"group"`
	Severity Severity `yaml:"severity"`
	SeenBy   []string `yaml:"seen_by"` // lint, verify
	Title    string   `yaml:"title"`   // what is wrong, in a sentence
	Why      string   `yaml:"why"`     // why it matters
	Source   string   `yaml:"source"`  // an address, or what was tried
	Remedy   string   `yaml:"remedy"`
	Cost     string   `yaml:"cost"`
	// Before and After are a bad and a good example: a Dockerfile, or several
	// files, each below a line `-- name --`. The tests lint them.
	Before string `yaml:"before"`
	After  string `yaml:"after"`
}

// Groups are the sections of a report, in order.
var Groups = []string{
	"Download and size", "Works offline", "Starts and stays healthy", "Users and files",
	"GPU", "Secrets and access", "Publishing", "Ignores",
}

//go:embed checks/*.yaml
var files embed.FS

var load = sync.OnceValues(func() ([]Check, error) {
	entries, err := files.ReadDir("checks")
	if err != nil {
		return nil, err
	}
	var all []Check
	for _, entry := range entries {
		data, err := files.ReadFile("checks/" + entry.Name())
		if err != nil {
			return nil, err
		}
		check := Check{ID: strings.TrimSuffix(entry.Name(), ".yaml")}
		if err := yaml.Unmarshal(data, &check); err != nil {
			return nil, fmt.Errorf("%s: %w", entry.Name(), err)
		}
		all = append(all, check)
	}
	slices.SortStableFunc(all, func(a, b Check) int {
		return cmp.Compare(slices.Index(Groups, a.Group), slices.Index(Groups, b.Group))
	})
	return all, nil
})

// Checks are all checks, in the order of their groups.
func Checks() ([]Check, error) { return load() }

// Named returns the checks that an ID or an alias refers to.
func Named(checks []Check, name string) []Check {
	var list []Check
	for _, c := range checks {
		if c.ID == name || slices.Contains(c.Aliases, name) {
			list = append(list, c)
		}
	}
	return list
}

// Finding is a result of this check. Its caller adds where and what.
func (c Check) Finding(status Status, statement string) Finding {
	return Finding{
		ID: c.ID, Aliases: c.Aliases, Seed: c.Seed, Group: c.Group, Severity: c.Severity,
		Status: status, Statement: statement, Remedy: c.Remedy, Cost: c.Cost, Evidence: []string{},
	}
}
