package finding

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
)

// The parts of SARIF 2.1.0 that are written here, named as in the standard.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool struct {
			Driver sarifDriver `json:"driver"`
		} `json:"tool"`
		ColumnKind  string            `json:"columnKind"`
		Invocations []sarifInvocation `json:"invocations"`
		Results     []sarifResult     `json:"results"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		Version        string      `json:"version"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifRule struct {
		ID            string    `json:"id"`
		Short         sarifText `json:"shortDescription"`
		Full          sarifText `json:"fullDescription"`
		Help          sarifText `json:"help"`
		Configuration struct {
			Level Severity `json:"level"`
		} `json:"defaultConfiguration"`
	}
	sarifInvocation struct {
		Successful    bool                `json:"executionSuccessful"`
		Notifications []sarifNotification `json:"toolExecutionNotifications"`
	}
	sarifNotification struct {
		Level   Severity  `json:"level"`
		Message sarifText `json:"message"`
	}
	sarifResult struct {
		RuleID       string             `json:"ruleId"`
		Level        Severity           `json:"level"`
		Message      sarifText          `json:"message"`
		Locations    []sarifLocation    `json:"locations"`
		Related      []sarifLocation    `json:"relatedLocations,omitempty"`
		Fingerprints map[string]string  `json:"partialFingerprints"`
		Suppressions []sarifSuppression `json:"suppressions,omitempty"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Justification string `json:"justification"`
	}
	sarifLocation struct {
		Physical *sarifPhysical `json:"physicalLocation,omitempty"`
		Logical  []sarifLogical `json:"logicalLocations,omitempty"`
		Message  *sarifText     `json:"message,omitempty"`
	}
	sarifPhysical struct {
		Artifact struct {
			URI string `json:"uri"`
		} `json:"artifactLocation"`
		Region *sarifRegion `json:"region,omitempty"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
		EndColumn   int `json:"endColumn,omitempty"`
	}
	sarifLogical struct {
		Name string `json:"fullyQualifiedName"`
		Kind string `json:"kind"`
	}
)

// SARIF writes failures as SARIF 2.1.0: one result per check and file, because
// GitHub shows at most 5,000, with the remaining places as related locations.
// Unknown results become notifications.
func (r Report) SARIF(w io.Writer, checks []Check, version string) error {
	run := sarifRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{
		Name: "facecraft", Version: version, InformationURI: "https://github.com/djok/facecraft",
		Rules: sarifRules(checks),
	}
	invocation := sarifInvocation{Successful: true, Notifications: []sarifNotification{}}
	place := map[string]int{} // of a group's result
	for _, f := range r.Findings {
		if f.Status == Unknown {
			invocation.Notifications = append(invocation.Notifications,
				sarifNotification{Note, sarifText{f.ID + ": " + f.Statement}})
		}
		if f.Status != Fail {
			continue
		}
		group := f.group()
		if at, ok := place[group]; ok {
			also := r.sarifLocation(f)
			also.Message = &sarifText{f.Statement}
			run.Results[at].Related = append(run.Results[at].Related, also)
			continue
		}
		place[group] = len(run.Results)
		run.Results = append(run.Results, r.sarifResult(f))
	}
	for i, result := range run.Results {
		if n := len(result.Related); n > 0 {
			run.Results[i].Message.Text += fmt.Sprintf("\nFurther places: %d", n)
		}
	}
	run.Invocations = []sarifInvocation{invocation}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0",
		Runs: []sarifRun{run}})
}

func sarifRules(checks []Check) []sarifRule {
	rules := []sarifRule{}
	for _, c := range checks {
		rule := sarifRule{ID: c.ID, Short: sarifText{c.Title}, Full: sarifText{c.Why},
			Help: sarifText{c.Remedy + "\n\nSource: " + c.Source}}
		rule.Configuration.Level = c.Severity
		rules = append(rules, rule)
	}
	return rules
}

func (r Report) sarifResult(f Finding) sarifResult {
	text := f.Statement
	for _, line := range f.Evidence {
		text += "\n" + line
	}
	if f.Remedy != "" {
		text += "\nfix: " + f.Remedy
	}
	result := sarifResult{
		RuleID: f.ID, Level: f.Severity, Message: sarifText{text},
		Locations:    []sarifLocation{r.sarifLocation(f)},
		Fingerprints: map[string]string{"facecraft/v1": f.fingerprint()},
	}
	if s := f.Suppressed; s != nil {
		kind := "external"
		if s.Inline {
			kind = "inSource"
		}
		result.Suppressions = []sarifSuppression{{kind, fmt.Sprintf("%s (until %s, %s)", s.Reason, s.Until, s.Origin)}}
	}
	return result
}

// sarifLocation returns a place in a file, or the image with the path in it.
func (r Report) sarifLocation(f Finding) sarifLocation {
	if f.Location == nil {
		name := r.Target
		if f.Path != "" {
			name += ":" + f.Path
		}
		return sarifLocation{Logical: []sarifLogical{{name, "resource"}}}
	}
	at := &sarifPhysical{}
	at.Artifact.URI = (&url.URL{Path: f.Location.File}).String()
	if f.Location.Line > 0 {
		at.Region = &sarifRegion{f.Location.Line, f.Location.Column, f.Location.End}
	}
	return sarifLocation{Physical: at}
}

func (f Finding) file() string {
	if f.Location != nil {
		return f.Location.File
	}
	return ""
}

// group returns a key; findings with the same key become one result.
func (f Finding) group() string {
	key := fmt.Sprint(f.ID, "\x00", f.file(), "\x00", f.Severity)
	if f.Suppressed != nil {
		key += fmt.Sprint("\x00", *f.Suppressed)
	}
	return key
}

// fingerprint stays the same when lines move.
func (f Finding) fingerprint() string {
	key := f.Key
	if key == "" {
		key = f.Statement
	}
	sum := sha256.Sum256([]byte(f.ID + "\x00" + f.file() + "\x00" + f.Path + "\x00" + key))
	return hex.EncodeToString(sum[:16])
}
