package launch

import (
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/catalogue"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/plan"
)

// TestVariablesOutOfRange are refused before anything starts, wherever the
// value comes from; a secret is not shown.
func TestVariablesOutOfRange(t *testing.T) {
	t.Parallel()
	catalogue, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, variant := range catalogue.Variants {
		for assignment, refused := range map[string]bool{
			"FACECRAFT_DEVICE=gpu": true, "FACECRAFT_DEVICE=cuda:": true, "FACECRAFT_DEVICE=CPU": true,
			"FACECRAFT_DEVICE=":     true,
			"FACECRAFT_DEVICE=auto": false, "FACECRAFT_DEVICE=cpu": false, "FACECRAFT_DEVICE=cuda": false,
			"FACECRAFT_DEVICE=cuda:12":      false,
			"FACECRAFT_CLEANUP_AGE_HOURS=0": true, "FACECRAFT_CLEANUP_AGE_HOURS=day": true,
			"FACECRAFT_CLEANUP_AGE_HOURS=48": false,
			"ANYTHING=else":                  false,
		} {
			name, value, _ := strings.Cut(assignment, "=")
			refused = refused && !variant.BuiltIn
			l := Launcher{Settings: Settings{Secrets: map[string]string{name: value}}}
			given := l.checkVariables(plan.Plan{Settings: variant.Settings,
				Containers: []plan.Container{{Env: []plan.Env{{Name: name, Value: value}}}}})
			secret := l.checkVariables(plan.Plan{Settings: variant.Settings,
				Containers: []plan.Container{{Secrets: []plan.Secret{{Name: name}}}}})
			for _, err := range []error{given, secret} {
				if (err != nil) != refused || err != nil &&
					(fault.CodeOf(err) != fault.Usage || !strings.Contains(err.Error(), name)) {
					t.Errorf("%s, %s: %v", variant.Name, assignment, err)
				}
			}
			if refused && value == "day" && strings.Contains(secret.Error(), value) {
				t.Errorf("a secret is shown: %v", secret)
			}
		}
	}
}
