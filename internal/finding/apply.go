package finding

import (
	"fmt"
	"time"
)

// The checks of the ignores themselves.
const (
	ignoreExpired = "ignore-expired"
	ignoreUnused  = "ignore-unused"
	ignoreInvalid = "ignore-invalid"
)

// Ignores are applied to the findings of one target.
type Ignores struct {
	Checks []Check // all existing checks
	List   []Ignore
	Today  time.Time
	// Judged reports whether this run could have found what an ignore is for:
	// only then is an ignore without a match unused. lint does not judge what
	// only verify sees.
	Judged func(Ignore) bool
}

// Apply marks what the ignores cover, and adds a finding for each that is
// expired, unused or names no check.
func (g Ignores) Apply(findings []Finding) []Finding {
	for _, ignore := range g.List {
		switch used := g.suppress(findings, ignore); {
		case len(Named(g.Checks, ignore.ID)) == 0:
			findings = append(findings, g.about(ignore, ignoreInvalid, "there is no check %q to ignore", ignore.ID))
		case g.expired(ignore):
			findings = append(findings, g.about(ignore, ignoreExpired, "the ignore of %s expired on %s", ignore.ID,
				ignore.Until))
		case !used && g.Judged(ignore):
			findings = append(findings, g.about(ignore, ignoreUnused, "the ignore of %s matches nothing", ignore.ID))
		}
	}
	return findings
}

// suppress marks the findings that an ignore covers, and reports whether there
// were any.
func (g Ignores) suppress(findings []Finding, ignore Ignore) bool {
	used := false
	for i, f := range findings {
		if f.Status != Fail && f.Status != Unknown || !ignore.matches(f, g.Checks) {
			continue
		}
		used = true
		if !g.expired(ignore) && f.Suppressed == nil {
			origin := fmt.Sprintf("%s:%d", ignore.At.File, ignore.At.Line)
			findings[i].Suppressed = &Suppression{Reason: ignore.Reason, Until: ignore.Until, Origin: origin,
				Inline: ignore.Covers != nil}
		}
	}
	return used
}

// expired reports whether an ignore's last day has passed.
func (g Ignores) expired(ignore Ignore) bool {
	return g.Today.Format(time.DateOnly) > ignore.Until
}

// about returns a finding about an ignore.
func (g Ignores) about(ignore Ignore, id, format string, args ...any) Finding {
	f := Named(g.Checks, id)[0].Finding(Fail, fmt.Sprintf(format, args...))
	f.Location = &ignore.At
	f.Evidence = append(f.Evidence, "reason given: "+ignore.Reason)
	return f
}

// Invalid returns the finding about an inline ignore that cannot be honoured.
func Invalid(checks []Check, at Location, problem string) Finding {
	f := Named(checks, ignoreInvalid)[0].Finding(Fail, "this ignore is not honoured: "+problem)
	f.Location = &at
	return f
}
