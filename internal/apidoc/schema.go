package apidoc

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// openAPI is the part of a schema that the page shows.
type openAPI struct {
	Info struct {
		Title       string
		Description string
		Version     string
	}
	Paths      ordered[ordered[apiOperation]] // by path, then by method
	Components struct {
		Schemas map[string]apiSchema
	}
}

type apiOperation struct {
	Tags        []string
	Summary     string
	Description string
	Parameters  []apiParameter
	RequestBody struct {
		Content map[string]struct{ Schema apiSchema }
	}
}

// group is the heading under which an operation is shown.
func (o apiOperation) group() string {
	if len(o.Tags) == 0 {
		return "API"
	}
	return o.Tags[0]
}

// apiParameter is a path parameter.
type apiParameter struct {
	Name        string
	Description string
	Required    bool
	Schema      apiSchema
}

type apiSchema struct {
	Ref         string `json:"$ref"`
	Type        string
	Format      string
	Description string
	Default     any
	Required    []string
	Properties  ordered[apiSchema]
	Items       *apiSchema
}

// ordered is a JSON object that keeps the order of its members, which is the
// order people read them in.
type ordered[T any] []member[T]

type member[T any] struct {
	Key   string
	Value T
}

// UnmarshalJSON reads an object.
func (o *ordered[T]) UnmarshalJSON(data []byte) error {
	var values map[string]T
	if err := json.Unmarshal(data, &values); err != nil {
		return err
	}
	keys, err := memberNames(data)
	if err != nil {
		return err
	}
	for _, key := range keys {
		*o = append(*o, member[T]{key, values[key]})
	}
	return nil
}

func memberNames(object []byte) ([]string, error) {
	decoder := json.NewDecoder(bytes.NewReader(object))
	if _, err := decoder.Token(); err != nil { // the opening brace
		return nil, err
	}
	var names []string
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		name, ok := token.(string)
		if !ok {
			return nil, fmt.Errorf("object member named %v", token)
		}
		names = append(names, name)
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
	}
	return names, nil
}
