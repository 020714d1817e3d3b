package plantest

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/catalogue"
	"github.com/djok/facecraft/internal/plan"
)

// Make returns the plan for a machine and a request, using the embedded
// catalogue.
func Make(t testing.TB, facts plan.Facts, request plan.Request) plan.Plan {
	t.Helper()
	catalogue, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Make(facts, catalogue, request)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Samples are the plans that every renderer must be able to write, by name.
func Samples(t testing.TB) map[string]plan.Plan {
	t.Helper()
	some := Make(t, Workstation(), plan.Request{Tag: "gpu"})
	some.Containers[0].GPUs = &plan.GPURequest{IDs: []string{"GPU-1", "GPU-2"}}
	multiline := Make(t, Laptop(), plan.Request{})
	multiline.Reasons[0].Because = "a\nservices: {}"
	multiline.Warnings = []string{"b\r\nname: other"}
	pinned := Make(t, Laptop(), plan.Request{})
	pinned.SetDigest("sha256:" + strings.Repeat("0123456789abcdef", 4))
	hostile := Make(t, Laptop(), plan.Request{Image: `registry:5000/a"b$HOME'#{}:cpu`})
	odd := &hostile.Containers[0]
	odd.Env = append(odd.Env, plan.Env{Name: "NOTE", Value: "it's $HOME, `id`, \\ \"quoted\"\n  and: more # {{.}}"},
		plan.Env{Name: "NOTE_2", Value: "\x1b[31m \x7f \u0085 \u202e \ufeff \uffff end"}, plan.Env{Name: "true", Value: "no"})
	odd.Secrets = []plan.Secret{{Name: "Null"}}
	hostile.Warnings = []string{"a terminal's \x1b[31m, \x7f and \ufeff\xff in a comment"}
	return map[string]plan.Plan{
		"cpu":       Make(t, Laptop(), plan.Request{}),
		"gpu":       Make(t, Workstation(), plan.Request{}),
		"some-gpus": some,
		"lite":      Make(t, Laptop(), plan.Request{Tag: "lite", Instance: "second", Port: 9000}),
		"replicas":  Make(t, TwoGPUs(), plan.Request{Replicas: plan.AutoReplicas, Gateway: new(false)}),
		"ipv6":      Make(t, Laptop(), plan.Request{Listen: "::1"}),
		"multiline": multiline,
		"pinned":    pinned,
		"secret":    Make(t, Laptop(), plan.Request{Secrets: []plan.Secret{{Name: "FACECRAFT_API_KEY"}}}),
		"data": Make(t, SELinux(), plan.Request{Data: "/home/maria/faces", Env: []plan.Env{{Name: "A", Value: "$1"}},
			Secrets: []plan.Secret{{Name: "TOKEN"}}}),
		"replicas-data": Make(t, Laptop(), plan.Request{Data: "/home/maria/my, faces", Replicas: 2, Gateway: new(false)}),
		"hostile":       hostile,
		"gateway":       Make(t, Laptop(), plan.Request{Gateway: new(true)}),
		"gateway-replicas": Make(t, Laptop(), plan.Request{Gateway: new(true), Replicas: 2, Listen: "0.0.0.0",
			GatewayImage: "registry.example/facecraft@sha256:" + strings.Repeat("0123456789abcdef", 4)}),
	}
}

// ClusterSamples are the Samples that can run on other machines: none uses a
// local directory, or a gateway without keys.
func ClusterSamples(t testing.TB) map[string]plan.Plan {
	t.Helper()
	samples := Samples(t)
	maps.DeleteFunc(samples, func(_ string, p plan.Plan) bool {
		return len(p.First().Binds) > 0 || p.Gateway() != nil && p.Gateway().KeyFile == ""
	})
	return samples
}

// SecretValue is the value of secrets in tests. No renderer may write it.
const SecretValue = "correct-horse-battery-staple"

// TwoGPUs is the workstation with a second RTX 4090.
func TwoGPUs() plan.Facts {
	f := Workstation()
	second := RTX4090()
	second.Index, second.UUID = 1, "GPU-4090-2"
	f.GPUs.Value = append(f.GPUs.Value, second)
	return f
}

var hash = regexp.MustCompile(`(` + regexp.QuoteMeta(plan.LabelPlan) + `\W+)[0-9a-f]{12}`)

// Rendered fails the test unless each field of a plan, and of its one
// container, or its gateway, shows up in the output of render, or is declared inapplicable with
// a reason. So a new field fails until someone decides. Fields are named like
// Publish.Port.
func Rendered(t *testing.T, p plan.Plan, render func(plan.Plan) string, inapplicable map[string]string) {
	t.Helper()
	// The hash changes with every field and would hide a missing one.
	text := func(p plan.Plan) string { return hash.ReplaceAllString(render(p), "${1}HASH") }
	want := text(p)
	seen := map[string]bool{}
	all := append(fields("", reflect.TypeFor[plan.Plan]()), fields("", reflect.TypeFor[plan.Container]())...)
	for _, field := range all {
		if field == "Containers" {
			continue // their fields are checked one by one
		}
		changed := p
		changed.Containers = slices.Clone(p.Containers)
		owner := reflect.ValueOf(&changed).Elem()
		if !has(owner, field) {
			last := len(changed.Containers) - 1 // the gateway, if there is one
			owner = reflect.ValueOf(&changed.Containers[last]).Elem()
		}
		change(at(owner, field))
		reason, declared := inapplicable[field]
		seen[field] = true
		switch reached := text(changed) != want; {
		case declared && reason == "":
			t.Errorf("%s is declared inapplicable without a reason", field)
		case declared && reached:
			t.Errorf("%s is declared inapplicable (%s), and is rendered", field, reason)
		case !declared && !reached:
			t.Errorf("%s is neither rendered nor declared inapplicable", field)
		}
	}
	for field := range inapplicable {
		if !seen[field] {
			t.Errorf("%s is declared inapplicable and does not exist", field)
		}
	}
}

// fields returns the leaf fields of a struct.
func fields(prefix string, structure reflect.Type) (names []string) {
	for _, f := range reflect.VisibleFields(structure) {
		if f.Type.Kind() == reflect.Struct {
			names = append(names, fields(prefix+f.Name+".", f.Type)...)
		} else {
			names = append(names, prefix+f.Name)
		}
	}
	return names
}

func has(structure reflect.Value, field string) bool {
	name, _, _ := strings.Cut(field, ".")
	return structure.FieldByName(name).IsValid()
}

func at(v reflect.Value, field string) reflect.Value {
	for name := range strings.SplitSeq(field, ".") {
		v = v.FieldByName(name)
	}
	return v
}

// change replaces a value with a different one of its type, without changing
// anything that shares its memory.
func change(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(changedText(v.String()))
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Int, reflect.Int64:
		v.SetInt(2*v.Int() + 1)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).Kind() != reflect.Bool {
				change(v.Field(i))
			}
		}
	case reflect.Pointer:
		if !v.IsNil() {
			v.SetZero()
			return
		}
		v.Set(reflect.New(v.Type().Elem()))
	case reflect.Slice:
		longer := reflect.MakeSlice(v.Type(), v.Len()+1, v.Len()+1)
		reflect.Copy(longer, v)
		change(longer.Index(v.Len()))
		v.Set(longer)
	default:
		panic(fmt.Sprintf("cannot make a different %s", v.Type()))
	}
}

// changedText increments a trailing digit, because the text may have to stay a
// number.
func changedText(text string) string {
	last := len(text) - 1
	if last >= 0 && text[last] >= '0' && text[last] < '9' {
		return text[:last] + string(text[last]+1)
	}
	return text + "x"
}
