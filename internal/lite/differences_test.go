package lite

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// expected is part of an answer: its status, and texts that its headers or its
// body have, or with an exclamation mark have not.
type expected struct {
	status int
	texts  []string
}

func answers(status int, texts ...string) expected { return expected{status, texts} }

func (e expected) matches(w *httptest.ResponseRecorder) bool {
	var all strings.Builder
	_ = w.Header().Write(&all) // to memory
	all.WriteString(w.Body.String())
	for _, text := range e.texts {
		unwanted, isUnwanted := strings.CutPrefix(text, "!")
		if strings.Contains(all.String(), unwanted) == isUnwanted {
			return false
		}
	}
	return w.Code == e.status
}

// TestDifferences compares the engine with responses recorded from the published
// images on current libraries (FastAPI 0.115, pydantic 2.10). Rows without a reason
// must be the same in both. Rows with a reason are deliberate differences, and fail
// once there is no difference any more.
func TestDifferences(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("asks one thing after another, at length")
	}
	e := newTestEngine(t)
	photo := filePart(t, "astronaut.png")
	process := func(parts ...part) *http.Request { return multipartRequest(t, "/api/v1/process", parts...) }
	named := func(name string) *http.Request { return process(part{"file", name, photo.content}) }
	ask := func(method, path string, headers ...string) *http.Request {
		r := httptest.NewRequest(method, path, nil)
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		return r
	}
	at := func(host string, r *http.Request) *http.Request { r.Host = host; return r }
	from := func(origin string, r *http.Request) *http.Request { r.Header.Set("Origin", origin); return r }
	page := "http://elsewhere.example"
	preflight := func(verb string) *http.Request {
		return ask("OPTIONS", "/api/v1/process", "Origin", page, "Access-Control-Request-Method", verb)
	}
	job := decode[processAnswer](t, do(t, e, process(photo)))
	tag := get(t, e, *job.PNGURL).Header().Get("ETag")
	const huge = 25 << 20
	none := expected{}
	for name, row := range map[string]struct {
		request      *http.Request
		images, here expected
		reason       string
	}{
		// Routes.
		"a slash at the end": {
			ask("GET", "/health/?a=b"), answers(307, "Location: http://example.com/health?a=b"),
			answers(307, "Location: /health?a=b"), "a proxy may be reached by https",
		},
		"slashes at the end of a post": {
			ask("POST", "/api/v1/process/quick//"), answers(307, "/api/v1/process/quick\r\n"), none, "",
		},
		"a slash behind a job": {
			ask("GET", "/api/v1/download/x/png/"), answers(307, "/api/v1/download/x/png\r\n"), none, "",
		},
		"a slash behind nothing": {ask("GET", "/nothing/"), answers(404, `{"detail":"Not Found"}`), none, ""},
		"two slashes before":     {ask("GET", "//health"), answers(404, `{"detail":"Not Found"}`), none, ""},
		"two slashes within":     {ask("GET", "/api//v1/process"), answers(404, `{"detail":"Not Found"}`), none, ""},
		"a slash in a job's name": {
			ask("DELETE", "/api/v1/jobs/..%2Fx"), answers(404, `{"detail":"Not Found"}`), none, "",
		},
		"a slash written otherwise": {
			ask("GET", "/api/v1/download/x%2Fpng"), answers(404, `{"detail":"Job not found"}`), none, "",
		},
		"an unknown verb": {
			ask("FROB", "/health"), answers(400, "Invalid HTTP request received.", "text/plain"), none, "",
		},
		"a verb of WebDAV": {
			ask("PROPFIND", "/health"), answers(405, `{"detail":"Method Not Allowed"}`, "Allow: GET"), none, "",
		},
		"HEAD":                      {ask("HEAD", "/health"), answers(405), none, ""},
		"HEAD of the documentation": {ask("HEAD", "/docs"), answers(405), answers(200), "checkers of links ask so"},
		"readiness": {
			ask("GET", "/readiness"), answers(404), answers(200, `"ready":true`), "later images are to have it",
		},
		"the documentation": {
			ask("GET", "/docs"), answers(200, "Content-Length: ", "cdn."),
			answers(200, "Content-Length: ", "!cdn.", "Content-Security-Policy"), "it works without internet",
		},
		"Swagger's login": {
			ask("GET", "/docs/oauth2-redirect"), answers(200), answers(404), "there is no login",
		},
		// Who may ask.
		"another name": {
			at("elsewhere.example", ask("GET", "/health")), answers(200), answers(421), "DNS rebinding: hosts.go",
		},
		"reading, another page": {
			from(page, ask("GET", "/status")),
			answers(200, "Access-Control-Allow-Origin: "+page, "Access-Control-Allow-Credentials: true"),
			answers(200, "Access-Control-Allow-Origin: *", "!Credentials"), "credentials are nobody's to give",
		},
		"posting, another page": {
			from(page, process(photo)), answers(200), answers(403, "Disallowed origin"),
			"a page must not use the machine of who looks at it",
		},
		"asking for POST": {
			preflight("POST"),
			answers(200, "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT", "Access-Control-Allow-Credentials: true"),
			answers(400, "Disallowed CORS method"), "as it would be refused",
		},
		"asking for GET": {
			preflight("GET"),
			answers(200, "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT", "Access-Control-Allow-Credentials: true"),
			answers(200, "Access-Control-Allow-Methods: GET\r\n", "!Credentials"), "what may be asked, and nothing else",
		},
		"asking for no verb": {preflight("FROB"), answers(400, "Disallowed CORS"), none, ""},
		"types are not guessed": {
			ask("GET", "/health"), answers(200, "!Nosniff", "!nosniff"), answers(200, "nosniff"),
			"a browser must not take a photo for a page",
		},
		"health, and its length": {
			ask("GET", "/health"), answers(200, `{"status":"healthy"}`, "Content-Length: 20"), none, "",
		},
		// Fields.
		"no file": {
			process(),
			answers(422, `{"detail":[{"type":"missing","loc":["body","file"],"msg":"Field required","input":null}]}`), none,
			"",
		},
		"no number": {
			process(photo, field("width", "5.5")),
			answers(422, `{"type":"int_parsing","loc":["body","width"],"msg":"Input should be a valid integer, `+
				`unable to parse string as an integer","input":"5.5"}`),
			none, "",
		},
		"a whole decimal": {
			process(photo, field("width", "300.0")),
			answers(200, `"success":true`, `"output_size":{"width":300,"height":648}`), none, "",
		},
		"no file name": {
			process(field("file", "x")), answers(422, "Expected UploadFile, received: <class 'str'>"), none, "",
		},
		"a wrong extension": {named("a.gif"), answers(400, "Invalid format. Allowed: "), none, ""},
		"an iPhone's name": {
			named("IMG_1.HEIC"), answers(400, "Invalid format. Allowed: "), answers(200, `"success":true`),
			"its photos are read here",
		},
		"nothing readable": {
			process(part{"file", "a.png", "8BPS"}), answers(200, `"success":false`, `"error":"Could not load image: /`), none,
			"",
		},
		"no face": {
			process(filePart(t, "coffee.png")),
			answers(200, `"success":false`,
				`"error":"no_face_detected","error_message":"No face could be detected in the image"`),
			none, "",
		},
		// Limits.
		"a huge upload": {
			process(part{"file", "a.png", photo.content + strings.Repeat("\x00", huge)}), answers(200),
			answers(413, "the limit is 20 MiB"), "the contract declares this limit and means to have it",
		},
		"51 photos": {
			multipartRequest(t, "/api/v1/process/batch", manyFiles(51)...), answers(200), answers(413, "the limit is 50"),
			"the same",
		},
		"too wide": {
			process(photo, field("width", "6000")), answers(200, `"success":true`),
			answers(200, `"success":false`, "between 1 and 4096"), "memory: catalogue.yaml",
		},
		"a margin of 99": {
			process(photo, field("face_margin", "99")), answers(200, `"success":true`),
			answers(200, `"success":false`, "between 0 and 10"), "nothing of the face would be left",
		},
		"too bright": {
			process(photo, field("background_r", "300")), answers(200, `"success":true`),
			answers(200, `"success":false`, "between 0 and 255"), "no color has that",
		},
		"too dark": {
			process(photo, field("background_b", "-1")), answers(200, `"success":true`),
			answers(200, `"success":false`, "between 0 and 255"), "no color has that",
		},
		"a single pixel": {
			process(photo, field("width", "1"), field("height", "1")), answers(200, `"success":false`, "OpenCV"),
			answers(200, `"success":true`), "it can be drawn",
		},
		"a path for a name": {
			named("a/b.png"), answers(500), answers(200, `"success":true`), "a client's name is not a path here",
		},
		"a way up for a name": {
			named("../b.png"), answers(500), answers(200, `"success":true`), "a client's name is not a path here",
		},
		"a very long name": {
			named(strings.Repeat("a", 256) + ".png"), answers(500), answers(200, `"success":true`),
			"a client's name is not a path here",
		},
		"a picture in a length": {
			multipartRequest(t, "/api/v1/process/quick", photo), answers(200, "Content-Type: image/png", "Content-Length: "),
			none, "",
		},
		// Results.
		"what an answer has": {
			process(photo), answers(200, `"download_url":null,"png_url":"/api`, `"png_base64":null`, "Content-Length: "),
			none, "",
		},
		"pictures in answers": {
			process(photo, field("return_base64", "true")), answers(200, `"png_base64":"iVBOR`, "Content-Length: "), none, "",
		},
		"a job's name": {
			ask("DELETE", "/api/v1/jobs/"+strings.Repeat("0", 32)), answers(200, "not found"), none, "",
		},
		"a download": {
			ask("GET", *job.PNGURL), answers(200, "Etag: \"", "Content-Length: ", "Content-Type: image/png"), none, "",
		},
		"a download once more": {
			ask("GET", *job.PNGURL, "If-None-Match", tag), answers(200), answers(304), "net/http does it unasked",
		},
		"a device": {
			ask("GET", "/status"), answers(200, `"device":{"type":"cpu","name":null`),
			answers(200, `"name":"facecraft lite engine"`), "it says what it is",
		},
		"models": {ask("GET", "/status"), answers(200, `"background_remover":{"loaded":true`), none, ""},
	} {
		w := httptest.NewRecorder()
		e.ServeHTTP(w, row.request)
		shown := fmt.Sprintf("answer %d %v %.300s", w.Code, w.Header(), w.Body)
		switch like := row.images.matches(w); {
		case row.reason == "" && !like:
			t.Errorf("%s: %s\nthe images answer %v", name, shown, row.images)
		case row.reason != "" && like:
			t.Errorf("%s: there is no difference any more", name)
		case row.reason != "" && !row.here.matches(w):
			t.Errorf("%s: %s\nwant %v", name, shown, row.here)
		}
	}
	// What no text shows.
	if len(job.JobID) <= 8 { // the images' have eight digits
		t.Errorf("a job's name %s can be guessed", job.JobID)
	}
	large := decode[processAnswer](t, do(t, e, process(photo, field("width", "1600"), field("height", "1600"))))
	if n := get(t, e, *large.JPGURL).Body.Len(); n > 99*1024 { // the images stop at quality 50, and write more
		t.Errorf("a large JPEG has %d bytes", n)
	}
}
