package compose

import (
	"testing"

	"github.com/djok/facecraft/internal/lint/source"
)

func TestParse(t *testing.T) {
	f, err := Parse(source.New("deploy/compose.yml", []byte(`x-common: &common
  restart: always
services:
  api:
    <<: *common
    build:
      context: ..
      dockerfile: docker/Dockerfile
    environment:
      # what for
      A: 1
      B: two # why
      C:
  web:
    image: nginx
    environment: [D=4, E]
  remote:
    build: https://github.com/x/y.git
`)))
	if err != nil || len(f.Services) != 3 {
		t.Fatal(f, err)
	}
	api := f.Services[0]
	if api.Context != "." || api.Dockerfile != "docker/Dockerfile" || api.Restart == nil || len(api.Variables) != 3 {
		t.Errorf("%+v", api)
	}
	for i, want := range []bool{true, true, false} {
		if f.Commented(api.Variables[i].Node.Line) != want {
			t.Errorf("%s: commented is not %v", api.Variables[i].Name, want)
		}
	}
	if v := f.Services[1].Variables; v[0].Name != "D" || v[0].Value != "4" || v[1].Name != "E" {
		t.Errorf("%+v", v)
	}
	if f.Services[2].Context != "" {
		t.Errorf("%+v", f.Services[2])
	}
	if none, err := Parse(source.New("a.yml", []byte("a: 1"))); none != nil || err != nil {
		t.Error(none, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("services:\n  a: &a {image: b, build: {context: .}, environment: [A=b, {}]}\n  c: {<<: *a}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse(source.New("compose.yml", data))
		if err != nil || file == nil {
			return
		}
		for _, s := range file.Services {
			for _, v := range s.Variables {
				file.Commented(v.Node.Line)
			}
		}
	})
}
