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

// Check describes a pitfall, whichever command detects it. Each check is one file
// in checks/, named after its ID.
type Check struct {
	ID string `yaml:"-"`
	// Aliases also select this check. Checks that share an alias form a group.
	Aliases  []string `yaml:"aliases"`
	Seed     string   `yaml:"seed"`
	Group    string   `yaml:"group"`
	Severity Severity `yaml:"severity"`
	SeenBy   []string `yaml:"seen_by"` // lint, verify
	Title    string   `yaml:"title"`   // what is wrong, in a sentence
	Why      string   `yaml:"why"`     // why it matters
	Source   string   `yaml:"source"`  // a URL, or the experiment behind it
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

// Checks returns all checks, in the order of their groups.
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

// Finding returns a result of this check. The caller adds location and evidence.
func (c Check) Finding(status Status, statement string) Finding {
	return Finding{
		ID: c.ID, Aliases: c.Aliases, Seed: c.Seed, Group: c.Group, Severity: c.Severity,
		Status: status, Statement: statement, Remedy: c.Remedy, Cost: c.Cost, Evidence: []string{},
	}
}
