package catalogue_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/catalogue"
)

// TestCatalogue checks what the code relies on.
func TestCatalogue(t *testing.T) {
	t.Parallel()
	c, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	fallback := 0
	for _, v := range c.Variants {
		if v.Name == "" || v.Summary == "" || len(v.Platforms) == 0 || v.PIDsLimit == 0 || v.StartSeconds == 0 {
			t.Errorf("%s is incomplete: %+v", v.Name, v)
		}
		if v.BuiltIn == (v.Tag != "") {
			t.Errorf("%s is built in: %v, and its tag is %q", v.Name, v.BuiltIn, v.Tag)
		}
		if v.MemoryNeeded <= 0 || v.MemoryLimit <= v.MemoryNeeded {
			t.Errorf("%s needs %d bytes and is limited to %d", v.Name, v.MemoryNeeded, v.MemoryLimit)
		}
		if uid, _, _ := strings.Cut(v.User, ":"); uid == "" || uid == "0" || uid == "root" {
			t.Errorf("%s runs as %q", v.Name, v.User)
		}
		if !v.BuiltIn && v.GPU == nil {
			fallback++
		}
	}
	if fallback != 1 {
		t.Errorf("%d variants to fall back to, want one", fallback)
	}
}

// TestSources: every number from outside has its source beside it.
func TestSources(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("catalogue.yaml")
	if err != nil {
		t.Fatal(err)
	}
	number := regexp.MustCompile(`^\s*(unpacked_size|memory_needed|driver_\w+|compat_branches|min_compute|min_memory):`)
	lines := strings.Split(string(data), "\n")
	numbers := 0
	for i, line := range lines {
		if !number.MatchString(line) {
			continue
		}
		numbers++
		above := i
		for above > 0 && number.MatchString(lines[above]) {
			above--
		}
		if !strings.Contains(line, "#") && !strings.Contains(lines[above], "#") {
			t.Errorf("line %d has no source: %s", i+1, line)
		}
	}
	if numbers < 8 {
		t.Errorf("saw only %d numbers", numbers)
	}
}
