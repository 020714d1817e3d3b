package lite

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

func TestProcess(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	w := post(t, e, "/api/v1/process", filePart(t, "astronaut.png"))
	answer := decode[processAnswer](t, w)
	if w.Code != 200 || !answer.Success || !jobName.MatchString(answer.JobID) {
		t.Fatalf("answer %d %s", w.Code, w.Body)
	}
	for _, field := range []string{"download_url", "png_base64", "jpg_base64", "error", "error_message"} {
		if !strings.Contains(w.Body.String(), `"`+field+`":null`) {
			t.Errorf("%s isn't null: %s", field, w.Body)
		}
	}
	// Where the images' detector finds her: x 177, y 66, 95 pixels wide.
	if f := answer.Result.FacePosition; !near(f.X+f.Width/2, 224, 8) || !near(f.Y+f.Height/2, 113, 8) ||
		!near(f.Width, 110, 25) {
		t.Errorf("face at %+v", f)
	}
	if r := answer.Result; !r.FaceDetected || r.FaceCount != 1 || r.OutputSize != (outputSize{648, 648}) {
		t.Errorf("result %+v", r)
	}

	download := "/api/v1/download/" + answer.JobID
	if *answer.PNGURL != download+"/png" || *answer.JPGURL != download+"/jpg" {
		t.Errorf("urls %s and %s", *answer.PNGURL, *answer.JPGURL)
	}
	pngAnswer, jpgAnswer := get(t, e, *answer.PNGURL), get(t, e, *answer.JPGURL)
	if pngAnswer.Header().Get("Content-Type") != "image/png" || jpgAnswer.Header().Get("Content-Type") != "image/jpeg" {
		t.Errorf("content types %v and %v", pngAnswer.Header(), jpgAnswer.Header())
	}
	if answer.Result.FileSizeBytes != pngAnswer.Body.Len() {
		t.Errorf("file size %d, the file has %d", answer.Result.FileSizeBytes, pngAnswer.Body.Len())
	}
	if jpgAnswer.Body.Len() > 99*1024 {
		t.Errorf("JPEG of %d bytes", jpgAnswer.Body.Len())
	}
	checkOval(t, pngAnswer.Body.Bytes(), jpgAnswer.Body.Bytes())
	wantNoUploads(t, e)

	deleted := httptest.NewRequest("DELETE", "/api/v1/jobs/"+answer.JobID, nil)
	wantAnswer(t, do(t, e, deleted), 200, fmt.Sprintf(`{"message":"Job %s deleted"}`, answer.JobID))
	wantAnswer(t, do(t, e, deleted), 200, fmt.Sprintf(`{"message":"Job %s not found"}`, answer.JobID))
	wantAnswer(t, get(t, e, *answer.PNGURL), 404, `{"detail":"Job not found"}`)
}

func near(got, want, tolerance int) bool {
	return got >= want-tolerance && got <= want+tolerance
}

// checkOval checks the default portrait's two files: the oval, the background,
// and that the face is in the center.
func checkOval(t *testing.T, pngFile, jpgFile []byte) {
	t.Helper()
	portrait, err := png.Decode(bytes.NewReader(pngFile))
	if err != nil {
		t.Fatal(err)
	}
	oval, ok := portrait.(*image.NRGBA)
	if !ok || oval.Rect != image.Rect(0, 0, 648, 648) {
		t.Fatalf("PNG is %T %v", portrait, portrait.Bounds())
	}
	alpha := func(x, y int) uint8 { return oval.NRGBAAt(x, y).A }
	if alpha(0, 0) != 0 || alpha(647, 647) != 0 || alpha(324, 324) != 255 {
		t.Errorf("alpha %d %d in the corners, %d in the center", alpha(0, 0), alpha(647, 647), alpha(324, 324))
	}
	soft := 0
	for y := 647; y > 324; y-- { // below, where the oval cuts the person and not the background
		if a := alpha(324, y); a > 0 && a < 255 {
			soft++
		}
		if alpha(324, y) > alpha(324, y-1) {
			t.Errorf("alpha falls from %d to %d towards the center at %d", alpha(324, y), alpha(324, y-1), y)
		}
	}
	if soft < 10 {
		t.Errorf("the edge is %d pixels wide", soft)
	}

	flat, err := jpeg.Decode(bytes.NewReader(jpgFile))
	if err != nil {
		t.Fatal(err)
	}
	wantColor(t, flat, 2, 2, color.RGBA{240, 240, 240, 255})
	wantColor(t, flat, 324, 324, color.RGBAModel.Convert(oval.At(324, 324)).(color.RGBA))
	checkFaceCentred(t, flat)
}

func checkFaceCentred(t *testing.T, portrait image.Image) {
	t.Helper()
	d, err := newDetector()
	if err != nil {
		t.Fatal(err)
	}
	f, ok := d.largestFace(&photo{portrait, upright})
	size := portrait.Bounds().Size()
	if !ok || math.Abs(f.centerX-float64(size.X)/2) > 0.04*float64(size.X) ||
		math.Abs(f.centerY-float64(size.Y)/2) > 0.04*float64(size.Y) {
		t.Errorf("face %+v (%v) in a portrait of %v", f, ok, size)
	}
}

func wantColor(t *testing.T, img image.Image, x, y int, want color.RGBA) {
	t.Helper()
	got := color.RGBAModel.Convert(img.At(x, y)).(color.RGBA)
	if !near(int(got.R), int(want.R), 12) || !near(int(got.G), int(want.G), 12) || !near(int(got.B), int(want.B), 12) {
		t.Errorf("color %v at %d,%d, want about %v", got, x, y, want)
	}
}

func TestProcessOptions(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	w := post(t, e, "/api/v1/process", filePart(t, "astronaut.png"),
		field("width", "300"), field("height", " 400 "), field("background_r", "10"), field("background_g", "20"),
		field("background_b", "200"),
		field("face_margin", "1.5"), field("use_oval_mask", "OFF"), field("return_base64", "yes"), field("enhance_face", ""))
	answer := decode[processAnswer](t, w)
	if !answer.Success || answer.PNGURL != nil || answer.PNGBase64 != nil ||
		answer.Result.FileSizeBytes != len(answer.JPGBase64) {
		t.Fatalf("answer %s", w.Body)
	}
	wantAnswer(t, get(t, e, "/api/v1/download/"+answer.JobID+"/png"), 404, `{"detail":"PNG file not found"}`)
	portrait, err := jpeg.Decode(bytes.NewReader(answer.JPGBase64))
	if err != nil {
		t.Fatal(err)
	}
	if size := portrait.Bounds().Size(); size != image.Pt(300, 400) {
		t.Errorf("portrait of %v", size)
	}
	// So much space is above the photo that the background shows.
	wantColor(t, portrait, 150, 3, color.RGBA{10, 20, 200, 255})
	checkFaceCentred(t, portrait)
}

func TestProcessBase64(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	answer := decode[processAnswer](t, post(t, e, "/api/v1/process", filePart(t, "astronaut.png"),
		field("return_base64", "true")))
	if !bytes.Equal(answer.PNGBase64, get(t, e, *answer.PNGURL).Body.Bytes()) ||
		!bytes.Equal(answer.JPGBase64, get(t, e, *answer.JPGURL).Body.Bytes()) {
		t.Error("the images in the answer aren't the ones to download")
	}
}

// TestProcessFailures covers the errors that are returned with status 200.
func TestProcessFailures(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	astronaut := filePart(t, "astronaut.png")
	unreadable := "Could not load image: " + e.cfg.UploadDir + "/"
	for _, test := range []struct {
		name         string
		parts        []part
		err, message string
	}{
		{"no face", []part{filePart(t, "coffee.png")}, "no_face_detected", "No face could be detected in the image"},
		{"broken", []part{{"file", "../../etc/a.JPG", "nonsense"}}, unreadable, "Could not load image: not an image file"},
		{"cut", []part{{"file", "a.png", astronaut.content[:5000]}}, unreadable,
			"Could not load image: the file is incomplete: the end of the image is missing"},
		{"empty", []part{{"file", "a.png", ""}}, unreadable, "Could not load image: the file is empty"},
		{"Photoshop", []part{{"file", "a.png", "8BPS\x00\x01"}}, unreadable,
			"Could not load image: Photoshop is not supported; export it as JPEG or PNG"},
		{"raw", []part{{"file", "a.jpg", "II*\x00\x10\x00\x00\x00CR\x02\x00"}}, unreadable,
			"Could not load image: camera raw files are not supported; export it as JPEG or TIFF"},
		{"bomb", []part{{"file", "a.bmp", bmpHeader(100_000, 100_000)}},
			"image too large: 100000x100000 pixels, the limit is 50 megapixels", ""},
		{"negative width", []part{astronaut, field("width", "-5")}, "invalid output size -5x648", ""},
		{"zero height", []part{astronaut, field("height", "0")}, "invalid output size 648x0", ""},
		{"huge", []part{astronaut, field("width", "100000")}, "invalid output size 100000x648", ""},
		{"beyond integers", []part{astronaut, field("width", "99999999999999999999")}, "invalid output size", ""},
		{"color", []part{astronaut, field("background_g", "256")}, "invalid background color [240 256 240]", ""},
		{"margin", []part{astronaut, field("face_margin", "-0.5")}, "invalid face margin -0.5", ""},
		{"margin not a number", []part{astronaut, field("face_margin", "nan")}, "invalid face margin NaN", ""},
		{"infinite margin", []part{astronaut, field("face_margin", "1e999")}, "invalid face margin +Inf", ""},
	} {
		w := post(t, e, "/api/v1/process", test.parts...)
		answer := decode[processAnswer](t, w)
		if w.Code != 200 || answer.Success || answer.Result != nil || answer.JPGURL != nil || answer.Error == nil {
			t.Errorf("%s: answer %d %s", test.name, w.Code, w.Body)
			continue
		}
		const nulls = `"result":null,"download_url":null,"png_url":null,"jpg_url":null,` +
			`"png_base64":null,"jpg_base64":null,"error":"`
		if !strings.Contains(w.Body.String(), nulls) {
			t.Errorf("%s: not null: %s", test.name, w.Body)
		}
		message := test.message
		if message == "" {
			message = *answer.Error
		}
		if !strings.HasPrefix(*answer.Error, test.err) || *answer.ErrorMessage != message {
			t.Errorf("%s: error %q, message %q", test.name, *answer.Error, *answer.ErrorMessage)
		}
	}
	wantNoUploads(t, e)
	if entries, err := os.ReadDir(e.cfg.OutputDir); err != nil || len(entries) != 0 {
		t.Errorf("output directory has %v (%v)", entries, err)
	}
}

// bmpHeader is only the header of an image.
func bmpHeader(width, height uint32) string {
	head := make([]byte, 54)
	copy(head, "BM")
	binary.LittleEndian.PutUint32(head[10:], 54)
	binary.LittleEndian.PutUint32(head[14:], 40)
	binary.LittleEndian.PutUint32(head[18:], width)
	binary.LittleEndian.PutUint32(head[22:], height)
	head[26], head[28] = 1, 24
	return string(head)
}

func TestFormErrors(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	astronaut := filePart(t, "astronaut.png")
	missing := func(name string) string {
		return fmt.Sprintf(`{"type":"missing","loc":["body",%q],"msg":"Field required","input":null}`, name)
	}
	wrong := func(name, kind, msg, input string) string {
		return fmt.Sprintf(`{"type":%q,"loc":["body",%q],"msg":"Input should be a valid %s","input":%q}`,
			kind, name, msg, input)
	}
	integer := func(name, input string) string {
		return wrong(name, "int_parsing", "integer, unable to parse string as an integer", input)
	}
	number := func(name, input string) string {
		return wrong(name, "float_parsing", "number, unable to parse string as a number", input)
	}
	boolean := func(name, input string) string {
		return wrong(name, "bool_parsing", "boolean, unable to interpret input", input)
	}
	const notAFile = `"msg":"Value error, Expected UploadFile, received: <class 'str'>"`
	for _, test := range []struct {
		path   string
		parts  []part
		status int
		detail string
	}{
		{"/api/v1/process", nil, 422, "[" + missing("file") + "]"},
		{"/api/v1/process", []part{field("width", "5.5"), field("return_base64", "maybe")}, 422,
			"[" + missing("file") + "," + integer("width", "5.5") + "," + boolean("return_base64", "maybe") + "]"},
		{"/api/v1/process", []part{astronaut, field("face_margin", "wide")}, 422,
			"[" + number("face_margin", "wide") + "]"},
		{"/api/v1/process", []part{astronaut, field("enhance_face", "2"), field("enhance_fidelity", "x"),
			field("background_b", "b")}, 422,
			"[" + integer("background_b", "b") + "," + boolean("enhance_face", "2") + "," +
				number("enhance_fidelity", "x") + "]"},
		{"/api/v1/process", []part{field("file", "text")}, 422,
			`[{"type":"value_error","loc":["body","file"],` + notAFile + `,"input":"text","ctx":{"error":{}}}]`},
		{"/api/v1/process", []part{{"file", "photo.gif", astronaut.content}}, 400,
			`"Invalid format. Allowed: .jpeg, .webp, .png, .bmp, .jpg"`},
		{"/api/v1/process", []part{{"file", ".png", astronaut.content}}, 400,
			`"Invalid format. Allowed: .jpeg, .webp, .png, .bmp, .jpg"`},
		{"/api/v1/process", []part{astronaut, field("width", strings.Repeat("1", maxFieldBytes+1))}, 400,
			`"There was an error parsing the body"`},
		{"/api/v1/process", []part{{"file", "a.png", strings.Repeat("x", maxUploadBytes+1)}}, 413,
			`"upload too large: the limit is 20 MiB"`},
		{"/api/v1/process", []part{{"other", "a.png", strings.Repeat("x", maxUploadBytes)},
			{"file", "a.png", strings.Repeat("x", maxUploadBytes)}}, 413,
			`"upload too large: the limit is 20 MiB"`},
		{"/api/v1/process/quick", nil, 422, "[" + missing("file") + "]"},
		{"/api/v1/process/quick", []part{astronaut, field("size", "big")}, 422, "[" + integer("size", "big") + "]"},
		{"/api/v1/process/quick", []part{filePart(t, "coffee.png")}, 400, `"no_face_detected"`},
		{"/api/v1/process/quick", []part{astronaut, field("size", "-1")}, 400,
			`"invalid output size -1x-1: width and height must be between 1 and 4096"`},
		{"/api/v1/process/batch", nil, 422, "[" + missing("files") + "]"},
		{"/api/v1/process/batch", []part{field("files", "x"), field("width", "x")}, 422,
			`[{"type":"value_error","loc":["body","files",0],` + notAFile + `,"input":"x","ctx":{"error":{}}},` +
				integer("width", "x") + "]"},
		{"/api/v1/process/batch", manyFiles(maxFiles + 1), 413, `"too many files: the limit is 50"`},
	} {
		w := post(t, e, test.path, test.parts...)
		wantAnswer(t, w, test.status, `{"detail":`+test.detail+`}`)
	}
	wantNoUploads(t, e)
}

func manyFiles(n int) []part {
	parts := make([]part, n)
	for i := range parts {
		parts[i] = part{"files", "a.png", "x"}
	}
	return parts
}

// TestOddBodies sends requests that no browser would send.
func TestOddBodies(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	const begun = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\nabc"
	for _, test := range []struct {
		contentType, body string
		status            int
		answer            string
	}{
		{"", "", 422, `"Field required"`},
		{"application/json", `{"file":1}`, 422, `"Field required"`},
		{"application/x-www-form-urlencoded", "width=5", 422, `"Field required"`},
		{"multipart/form-data", "x", 400, "There was an error parsing the body"},
		{"multipart/form-data; boundary=b", "no boundary", 400, "There was an error parsing the body"},
		{"multipart/form-data; boundary=b", begun, 400, "There was an error parsing the body"},
		{"multipart/form-data; boundary=b", "--b\r\nX: y\r\n\r\nabc\r\n--b--\r\n", 400,
			"There was an error parsing the body"},
		{"multipart/form-data; boundary=b", strings.Replace(begun, "a.png", "", 1) + "\r\n--b--\r\n", 400,
			"No file provided"},
	} {
		for _, path := range []string{"/api/v1/process", "/api/v1/process/quick"} {
			r := httptest.NewRequest("POST", path, strings.NewReader(test.body))
			r.Header.Set("Content-Type", test.contentType)
			if w := do(t, e, r); w.Code != test.status || !strings.Contains(w.Body.String(), test.answer) {
				t.Errorf("%s %q %q: answer %d %s", path, test.contentType, test.body, w.Code, w.Body)
			}
		}
	}
	wantNoUploads(t, e)
}

func TestQuick(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	photo := filePart(t, "astronaut.png")
	photo.filename = "by-content.gif" // only process judges by the name
	w := post(t, e, "/api/v1/process/quick", photo, field("size", "120"))
	if w.Code != 200 || w.Header().Get("Content-Type") != "image/png" {
		t.Fatalf("answer %d %v", w.Code, w.Header())
	}
	config, err := png.DecodeConfig(w.Body)
	if err != nil || config.Width != 120 || config.Height != 120 || config.ColorModel != color.NRGBAModel {
		t.Errorf("image %+v (%v)", config, err)
	}
	broken := post(t, e, "/api/v1/process/quick", part{"file", "a.png", "nonsense"})
	if detail := broken.Body.String(); broken.Code != 400 ||
		!strings.HasPrefix(detail, `{"detail":"Could not load image: `) ||
		!strings.HasSuffix(detail, ` (not an image file)"}`) {
		t.Errorf("broken image: answer %d %s", broken.Code, broken.Body)
	}
	wantNoUploads(t, e)
}

func TestBatch(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	good, bad := filePart(t, "astronaut.png"), filePart(t, "coffee.png")
	good.name, bad.name = "files", "files"
	good.filename = "my photo.png"
	w := post(t, e, "/api/v1/process/batch", good, bad, field("width", "100"), field("height", "100"))
	answer := decode[batchAnswer](t, w)
	if w.Code != 200 || answer.Total != 2 || answer.Successful != 1 || answer.Failed != 1 || len(answer.Results) != 2 {
		t.Fatalf("answer %d %s", w.Code, w.Body)
	}
	first, second := answer.Results[0], answer.Results[1]
	url := "/api/v1/download/" + answer.JobID + "/my%20photo/png"
	if first.Filename != "my photo.png" || !first.Success || *first.DownloadURL != url || first.Error != nil {
		t.Errorf("first result %s", w.Body)
	}
	wantAnswer(t, get(t, e, *first.DownloadURL), 404, `{"detail":"Not Found"}`)
	if second.Filename != "coffee.png" || second.Success || second.DownloadURL != nil ||
		*second.Error != "no_face_detected" || *second.ErrorMessage != "no_face_detected" {
		t.Errorf("second result %s", w.Body)
	}
	wantNoUploads(t, e)
}

// TestTraversal requests files outside of jobs, in every spelling.
func TestTraversal(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	outside := filepath.Join(filepath.Dir(e.cfg.OutputDir), "0123abcd")
	beside := filepath.Join(e.cfg.OutputDir, "my photos")
	for _, dir := range []string{outside, beside} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{pngFile, jpgFile} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte("secret"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.Symlink(outside, filepath.Join(e.cfg.OutputDir, "deadbeef")); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"..%2f0123abcd", "%2e%2e%2f0123abcd", "..%5c0123abcd", "%2e%2e", "%2e", "*", "0123ABCD",
		"deadbeef", "%00", "a%0ab", "my%20photos"} {
		for _, format := range []string{"png", "jpg", "..%2fpng"} {
			if w := get(t, e, "/api/v1/download/"+id+"/"+format); w.Code == 200 || strings.Contains(w.Body.String(), "secret") {
				t.Errorf("download %s/%s: answer %d %s", id, format, w.Code, w.Body)
			}
		}
		do(t, e, httptest.NewRequest("DELETE", "/api/v1/jobs/"+id, nil))
	}
	for _, dir := range []string{outside, beside} {
		if _, err := os.Stat(filepath.Join(dir, pngFile)); err != nil {
			t.Errorf("the file is gone: %v", err)
		}
	}
}

func TestDownloadUnknownFormat(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	if err := e.jobs.save("01234567", map[string][]byte{pngFile: []byte("x"), jpgFile: nil}); err != nil {
		t.Fatal(err)
	}
	wantAnswer(t, get(t, e, "/api/v1/download/01234567/gif"), 400, `{"detail":"Invalid format. Use 'png' or 'jpg'"}`)
	wantAnswer(t, get(t, e, "/api/v1/download/01234567/jpg"), 404, `{"detail":"JPG file not found"}`)
	wantAnswer(t, get(t, e, "/api/v1/download/76543210/gif"), 404, `{"detail":"Job not found"}`)
}

func TestConcurrentRequests(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			w := post(t, e, "/api/v1/process", filePart(t, "astronaut.png"), field("width", "64"), field("height", "64"))
			if !decode[processAnswer](t, w).Success {
				t.Errorf("answer %s", w.Body)
			}
		})
		wg.Go(func() { get(t, e, "/status") })
	}
	wg.Wait()
	if n := decode[statusAnswer](t, get(t, e, "/status")).Statistics.TotalProcessed; n != 4 {
		t.Errorf("%d photos counted", n)
	}
	wantNoUploads(t, e)
}

// TestOnePhotoAtATime sends a photo while another is being processed: it waits, and
// nothing else does.
func TestOnePhotoAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newTestEngine(t)
		e.turn <- struct{}{}
		answered := make(chan *httptest.ResponseRecorder, 1)
		request := multipartRequest(t, "/api/v1/process/quick", filePart(t, "astronaut.png"))
		go func() {
			w := httptest.NewRecorder()
			e.ServeHTTP(w, request)
			answered <- w
		}()
		synctest.Wait()
		if len(answered) != 0 {
			t.Fatal("processed out of turn")
		}
		for _, path := range []string{"/health", "/ready", "/readiness", "/status"} {
			if w := get(t, e, path); w.Code != http.StatusOK {
				t.Errorf("%s: answer %d", path, w.Code)
			}
		}
		<-e.turn
		if w := <-answered; w.Code != http.StatusOK {
			t.Errorf("answer %d %s", w.Code, w.Body)
		}
	})
}

// TestWaitingEndsWithTheRequest sends a photo that has to wait, and disconnects.
func TestWaitingEndsWithTheRequest(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	e.turn <- struct{}{}
	ctx, leave := context.WithCancel(t.Context())
	leave()
	request := multipartRequest(t, "/api/v1/process/quick", filePart(t, "astronaut.png")).WithContext(ctx)
	wantAnswer(t, do(t, e, request), 400, `{"detail":"context canceled"}`)
	if n := e.stats.answer().TotalProcessed; n != 0 {
		t.Errorf("%d photos processed", n)
	}
	wantNoUploads(t, e)
}

func BenchmarkProcess(b *testing.B) {
	e := newTestEngine(b)
	photo := filePart(b, "astronaut.png")
	for b.Loop() {
		w := httptest.NewRecorder()
		e.ServeHTTP(w, multipartRequest(b, "/api/v1/process", photo))
		if w.Code != http.StatusOK {
			b.Fatalf("answer %d %s", w.Code, w.Body)
		}
	}
}
