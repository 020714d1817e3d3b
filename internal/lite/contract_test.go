package lite

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

type object = map[string]any

// contract is the /openapi.json of the images.
var contract = sync.OnceValue(func() object { return readSchema("testdata/openapi-3.1.json") })

// checkContract checks a response against the schema of its path and status. Any
// other status must be an error with a detail.
func checkContract(t testing.TB, r *http.Request, w *httptest.ResponseRecorder) {
	t.Helper()
	if w.Header().Get("Content-Type") != "application/json" || r.URL.Path == "/openapi.json" {
		return
	}
	var answer any
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%s %s: answer %q: %v", r.Method, r.URL, w.Body, err)
	}
	if r.URL.Path == "/readiness" { // unknown to the contract's version
		checkValue(t, r.URL.Path, answer, object{"$ref": "#/components/schemas/ReadyResponse"})
		return
	}
	schema, ok := answerSchema(r, w.Code)
	if !ok {
		schema = object{"type": "object", "required": []any{"detail"},
			"properties": object{"detail": object{"type": "string"}}}
	}
	checkValue(t, fmt.Sprintf("%s %s %d", r.Method, r.URL.Path, w.Code), answer, schema)
}

// answerSchema looks up paths.*.*.responses.*.content.*.schema.
func answerSchema(r *http.Request, status int) (object, bool) {
	for route, operations := range contract()["paths"].(object) {
		operation, ok := operations.(object)[strings.ToLower(r.Method)].(object)
		if !ok || !matchesRoute(route, r.URL.EscapedPath()) {
			continue
		}
		response, ok := operation["responses"].(object)[strconv.Itoa(status)].(object)
		if !ok {
			return nil, false
		}
		return response["content"].(object)["application/json"].(object)["schema"].(object), true
	}
	return nil, false
}

func matchesRoute(route, requested string) bool {
	pattern, names := strings.Split(route, "/"), strings.Split(requested, "/")
	return slices.EqualFunc(pattern, names, func(p, n string) bool { return p == n || strings.HasPrefix(p, "{") })
}

// checkValue supports the subset of JSON Schema used by FastAPI.
func checkValue(t testing.TB, where string, value any, schema object) {
	t.Helper()
	if choices, ok := schema["anyOf"].([]any); ok {
		schema = choice(value, choices)
	}
	if ref, ok := schema["$ref"].(string); ok {
		schema = contract()["components"].(object)["schemas"].(object)[path.Base(ref)].(object)
	}
	if kind, ok := schema["type"].(string); ok && !isKind(value, kind) {
		t.Errorf("%s: %v is not of type %s", where, value, kind)
		return
	}
	switch value := value.(type) {
	case []any:
		for i, item := range value {
			if items, ok := schema["items"].(object); ok {
				checkValue(t, fmt.Sprintf("%s[%d]", where, i), item, items)
			}
		}
	case object:
		checkObject(t, where, value, schema)
	}
}

func checkObject(t testing.TB, where string, value, schema object) {
	t.Helper()
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if value[name.(string)] == nil {
			t.Errorf("%s: lacks %s", where, name)
		}
	}
	properties, _ := schema["properties"].(object)
	additional, open := schema["additionalProperties"].(object)
	if schema["title"] == "ValidationError" { // pydantic 2 says more than FastAPI's schema has
		properties = maps.Clone(properties)
		properties["input"], properties["ctx"] = object{}, object{}
	}
	if schema["title"] == "ProcessResult" { // what this engine says beyond the contract, whose clients ignore it
		properties = maps.Clone(properties)
		properties["background_removed"] = object{"type": "boolean"}
		properties["background_note"] = object{}
	}
	if schema["title"] == "Statistics" {
		properties = maps.Clone(properties)
		properties["backgrounds_kept"] = object{"type": "integer"}
	}
	for name, member := range value {
		property, known := properties[name].(object)
		switch {
		case !known && !open && properties != nil:
			t.Errorf("%s: unknown field %s", where, name)
		case !known:
			property = additional
		}
		checkValue(t, where+"."+name, member, property)
	}
}

// choice returns which of several schemas applies to a value.
func choice(value any, choices []any) object {
	for _, c := range choices {
		kind, _ := c.(object)["type"].(string)
		if kind != "" && isKind(value, kind) || kind == "" && isKind(value, "object") {
			return c.(object)
		}
	}
	return choices[0].(object) // which it breaks
}

func isKind(value any, kind string) bool {
	switch kind {
	case "integer":
		n, ok := value.(float64)
		return ok && n == math.Trunc(n)
	case "number":
		_, ok := value.(float64)
		return ok
	case "string":
		_, ok := value.(string)
		return ok
	case "boolean":
		_, ok := value.(bool)
		return ok
	case "array":
		_, ok := value.([]any)
		return ok
	case "object":
		_, ok := value.(object)
		return ok
	case "null":
		return value == nil
	}
	return false
}

// TestServedSchemaIsTheContract compares everything but descriptions.
func TestServedSchemaIsTheContract(t *testing.T) {
	t.Parallel()
	w := get(t, newTestEngine(t), "/openapi.json")
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("answer %d %v", w.Code, w.Header())
	}
	served := decode[object](t, w)
	if description := served["info"].(object)["description"].(string); !strings.Contains(description, "lite engine") {
		t.Errorf("description %q doesn't say what this is", description)
	}
	delete(served["paths"].(object), "/readiness")
	if !reflect.DeepEqual(withoutDescriptions(served), withoutDescriptions(readSchema("testdata/openapi-3.1.json"))) {
		t.Error("openapi.json differs from the contract in more than its descriptions")
	}
}

// withoutDescriptions removes descriptions that are texts, at every level.
func withoutDescriptions(value any) any {
	switch value := value.(type) {
	case object:
		if _, isText := value["description"].(string); isText {
			delete(value, "description")
		}
		for name := range value {
			value[name] = withoutDescriptions(value[name])
		}
	case []any:
		for i := range value {
			value[i] = withoutDescriptions(value[i])
		}
	}
	return value
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	for _, test := range []struct {
		method, path string
		status       int
		body, allow  string
	}{
		{"GET", "/health", 200, `{"status":"healthy"}`, ""},
		{"GET", "/nothing", 404, `{"detail":"Not Found"}`, ""},
		{"GET", "/api/v1/process/other", 404, `{"detail":"Not Found"}`, ""},
		{"GET", "/api/v1/download/01234567", 404, `{"detail":"Not Found"}`, ""},
		{"POST", "/health", 405, `{"detail":"Method Not Allowed"}`, "GET"},
		{"HEAD", "/health", 405, `{"detail":"Method Not Allowed"}`, "GET"},
		{"GET", "/api/v1/process", 405, `{"detail":"Method Not Allowed"}`, "POST"},
		{"PUT", "/docs", 405, `{"detail":"Method Not Allowed"}`, "GET, HEAD"},
		{"GET", "/api/v1/jobs/01234567", 405, `{"detail":"Method Not Allowed"}`, "DELETE"},
	} {
		w := do(t, e, httptest.NewRequest(test.method, test.path, nil))
		wantAnswer(t, w, test.status, test.body)
		if allow := w.Header().Get("Allow"); allow != test.allow {
			t.Errorf("%s %s: Allow %q, want %q", test.method, test.path, allow, test.allow)
		}
	}
	w := get(t, e, "/")
	if w.Code != http.StatusTemporaryRedirect || w.Header().Get("Location") != "/docs" {
		t.Errorf("/ answers %d to %q", w.Code, w.Header().Get("Location"))
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	post(t, e, "/api/v1/process/quick", filePart(t, "astronaut.png"))
	post(t, e, "/api/v1/process/quick", filePart(t, "coffee.png"))
	status := decode[statusAnswer](t, get(t, e, "/status"))
	if status.Version != "1.2.3" || status.Device != (deviceInfo{Type: "cpu", Name: "facecraft lite engine"}) {
		t.Errorf("status %+v", status)
	}
	none := modelStatus{Type: "none (lite engine)"}
	models := map[string]modelStatus{"face_detector": {true, "pigo"}, "face_landmarks": {true, "pigo pupils"},
		"face_enhancer":      none,
		"background_remover": {true, "grabcut (built in)"}}
	if !reflect.DeepEqual(status.Models, models) {
		t.Errorf("models %v, want %v", status.Models, models)
	}
	if s := status.Statistics; s.TotalProcessed != 2 || s.SuccessRate != 0.5 || s.AvgProcessingMS <= 0 {
		t.Errorf("statistics %+v", s)
	}
}

func TestPanicIsAnswered(t *testing.T) {
	t.Parallel()
	var logged syncBuffer
	e := newTestEngine(t, func(c *Config) { c.Log = &logged })
	e.handler = e.withLog(e.withRecovery(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("broken") })))
	wantAnswer(t, get(t, e, "/"), 500, `{"detail":"Internal Server Error"}`)
	if !strings.Contains(logged.String(), "panic in GET /: broken") ||
		!strings.Contains(logged.String(), "500 Internal Server Error") {
		t.Errorf("log: %s", logged.String())
	}
}

func TestCORS(t *testing.T) {
	t.Parallel()
	only := func(c *Config) { c.CORSOrigins = []string{"http://a.example"} }
	for _, test := range []struct {
		name, method, origin string
		engine               *Engine
		status               int
		allow                string
	}{
		{"any", "GET", "http://b.example", newTestEngine(t), 200, "*"},
		{"no origin", "GET", "", newTestEngine(t), 200, ""},
		{"listed", "GET", "http://a.example", newTestEngine(t, only), 200, "http://a.example"},
		{"not listed", "GET", "http://b.example", newTestEngine(t, only), 200, ""},
		{"preflight", "OPTIONS", "http://a.example", newTestEngine(t, only), 200, "http://a.example"},
		{"refused preflight", "OPTIONS", "http://b.example", newTestEngine(t, only), 400, ""},
	} {
		r := httptest.NewRequest(test.method, "/health", nil)
		if test.origin != "" {
			r.Header.Set("Origin", test.origin)
		}
		if test.method == "OPTIONS" {
			r.Header.Set("Access-Control-Request-Method", "DELETE")
			r.Header.Set("Access-Control-Request-Headers", "X-Thing")
		}
		w := do(t, test.engine, r)
		if got := w.Header().Get("Access-Control-Allow-Origin"); w.Code != test.status || got != test.allow {
			t.Errorf("%s: %d, allowed %q, want %d, %q", test.name, w.Code, got, test.status, test.allow)
		}
		if test.name == "preflight" && w.Header().Get("Access-Control-Allow-Headers") != "X-Thing" {
			t.Errorf("preflight headers %v", w.Header())
		}
		if w.Header().Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: credentials are allowed", test.name)
		}
	}
}
