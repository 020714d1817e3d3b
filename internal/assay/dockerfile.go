package assay

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/inventory"
	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/source"
)

// Dockerfile is the file that an image was built from; it gives findings their
// lines.
type Dockerfile struct {
	name  string
	steps []step // of the last stage and the stages it is based on, including FROM
}

// step is one instruction.
type step struct {
	line          int
	keyword, text string // the text without line breaks and comments
}

// ReadDockerfile reads the file that an image was built from.
func ReadDockerfile(name string) (*Dockerfile, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fault.Wrap(fault.Usage, err, "check its name", "the Dockerfile cannot be read")
	}
	file, err := dockerfile.Parse(source.New(filepath.ToSlash(name), data))
	if err != nil {
		return nil, fault.Wrap(fault.Usage, err, "correct it", "%s is not a Dockerfile", name)
	}
	d := &Dockerfile{name: file.Name}
	if len(file.Stages) == 0 {
		return d, nil
	}
	lines := strings.Split(string(data), "\n")
	for stage := file.Stages[len(file.Stages)-1]; stage != nil; stage = stage.Parent {
		steps := []step{stepOf(lines, stage.Line, stage.Line)}
		for _, s := range stage.Steps {
			steps = append(steps, stepOf(lines, s.Line, s.EndLine))
		}
		d.steps = append(steps, d.steps...)
	}
	return d, nil
}

func stepOf(lines []string, from, to int) step {
	var words []string
	for _, line := range lines[from-1 : min(to, len(lines))] {
		if !strings.HasPrefix(strings.TrimSpace(line), "#") {
			words = append(words, strings.Fields(strings.TrimSuffix(strings.TrimSpace(line), `\`))...)
		}
	}
	s := step{line: from, text: strings.Join(words, " ")}
	if len(words) > 0 {
		s.keyword = strings.ToUpper(words[0])
	}
	return s
}

// instructions maps checks of the configuration to the instructions they concern.
var instructions = map[string]string{
	"root": "USER", "ready": "HEALTHCHECK", "health-window": "HEALTHCHECK", "workers": "CMD",
	"licence": "LABEL", "meta": "LABEL", "cuda-devel": "FROM", "cuda-twice": "FROM",
}

// attach adds to failures the line that caused them, if known: the instruction
// that created the file's layer, or the one that made the setting.
func (d *Dockerfile) attach(findings []finding.Finding, inv inventory.Inventory) {
	for i, f := range findings {
		if f.Status != finding.Fail {
			continue
		}
		if s := d.origin(f, inv); s != nil {
			findings[i].Location = &finding.Location{File: d.name, Line: s.line}
		}
	}
}

func (d *Dockerfile) origin(f finding.Finding, inv inventory.Inventory) *step {
	if node := inv.Files.At(f.Path); node != nil {
		text := strings.Join(strings.Fields(inv.Config.Step(node.Layer)), " ")
		return d.last(func(s step) bool { return text != "" && s.text == text })
	}
	if keyword := instructions[f.ID]; keyword != "" {
		return d.last(func(s step) bool { return s.keyword == keyword })
	}
	for _, evidence := range f.Evidence {
		if setting, ok := strings.CutPrefix(evidence, "ENV "); ok {
			name, _, _ := strings.Cut(setting, "=")
			return d.last(func(s step) bool { return s.keyword == "ENV" && slices.Contains(names(s.text), name) })
		}
	}
	return nil
}

func (d *Dockerfile) last(which func(step) bool) *step {
	for i := range slices.Backward(d.steps) {
		if which(d.steps[i]) {
			return &d.steps[i]
		}
	}
	return nil
}

// names returns the variables that an ENV sets, in either form.
func names(text string) (list []string) {
	for _, word := range strings.Fields(text)[1:] {
		name, _, _ := strings.Cut(word, "=")
		list = append(list, name)
	}
	return list
}
