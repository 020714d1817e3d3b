package apidoc

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestOrderedKeepsTheOrder(t *testing.T) {
	t.Parallel()
	var o ordered[int]
	if err := json.Unmarshal([]byte(`{"b":1,"a":2,"c":3}`), &o); err != nil {
		t.Fatal(err)
	}
	want := []member[int]{{"b", 1}, {"a", 2}, {"c", 3}}
	for i := range want {
		if o[i] != want[i] {
			t.Errorf("member %d: %v, want %v", i, o[i], want[i])
		}
	}
	if err := json.Unmarshal([]byte(`[1]`), &o); err == nil {
		t.Error("a list was read as an object")
	}
}

// TestRenderContract renders the schema of the published images.
func TestRenderContract(t *testing.T) {
	t.Parallel()
	schema, err := os.ReadFile("../lite/testdata/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	page, err := New(schema)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := page.Render(&out, Place{Address: "http://127.0.0.1:8123"}); err != nil {
		t.Fatal(err)
	}
	html := out.String()
	for _, want := range []string{
		"<title>Facecraft API</title>",
		"<pre>curl -F file=@photo.jpg http://127.0.0.1:8123/api/v1/process</pre>",
		"<code>/api/v1/download/{job_id}/{format}</code>",
		"<code>face_margin</code></td><td>number</td><td><code>0.3</code>",
		`href="http://127.0.0.1:8123/openapi.json"`,
		"<p><strong>Quick Start</strong></p>",
		"<li>Oval mask with feathered edges</li>",
	} {
		if !strings.Contains(html, want) {
			t.Errorf("%s is missing", want)
		}
	}
	// Opened from a file, it may not talk to the server and must load nothing.
	if strings.Contains(html, "**") {
		t.Error("Markdown is left in the text")
	}
	if strings.Contains(html, "<form") || regexp.MustCompile(`(src|action)="|\burl\(|@import`).MatchString(html) {
		t.Error("the page is not self-contained")
	}
}

// TestSparseSchema omits everything that is optional in a schema.
func TestSparseSchema(t *testing.T) {
	t.Parallel()
	page, err := New([]byte(`{"info":{"title":"<b>"},"paths":{"/x":{"get":{}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := page.Render(&out, Place{Address: "http://h"}); err != nil ||
		!strings.Contains(out.String(), "curl http://h/x") {
		t.Errorf("%v\n%s", err, &out)
	}
	if strings.Contains(out.String(), "<b>") {
		t.Error("a title became markup")
	}
	if _, err := New([]byte("[]")); err == nil {
		t.Error("a list was accepted as a schema")
	}
}
