package python

import (
	"bytes"

	"github.com/BurntSushi/toml"

	"github.com/djok/facecraft/internal/lint/source"
)

// Project is the content of a pyproject.toml.
type Project struct {
	*File                     // its dependencies
	Indexes map[string]string // the index that uv takes a package from, by the package's name
}

// ReadProject reads a pyproject.toml.
func ReadProject(f *source.File) (*Project, error) {
	var document struct {
		Project struct{ Dependencies []string }
		Tool    struct {
			UV struct {
				Sources map[string]any
				Index   []struct{ Name, URL string }
			}
		}
	}
	if _, err := toml.Decode(string(f.Data[f.Start():]), &document); err != nil {
		return nil, err
	}
	p := &Project{File: &File{File: f}, Indexes: map[string]string{}}
	for _, text := range document.Project.Dependencies {
		requirement := Parse(text)
		if at := bytes.Index(f.Data, []byte(text)); at >= 0 {
			requirement.From, requirement.To = at, at+len(text)
		}
		p.Requirements = append(p.Requirements, requirement)
	}
	urls := map[string]string{}
	for _, index := range document.Tool.UV.Index {
		urls[index.Name] = index.URL
	}
	for name, value := range document.Tool.UV.Sources {
		if index := indexOf(value); index != "" {
			p.Indexes[Normalise(name)] = urls[index]
		}
	}
	return p, nil
}

// indexOf returns the index of a source: {index = "name"}, or the first of
// several.
func indexOf(value any) string {
	switch value := value.(type) {
	case map[string]any:
		name, _ := value["index"].(string)
		return name
	case []map[string]any:
		if len(value) > 0 {
			return indexOf(value[0])
		}
	case []any:
		if len(value) > 0 {
			return indexOf(value[0])
		}
	}
	return ""
}
