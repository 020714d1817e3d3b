package gateway

import (
	"net/http"
	"strings"
	"testing"
)

// postBatch sends a batch of photos.
func (f *front) postBatch(t testing.TB, photos [][]byte, fields ...string) got {
	t.Helper()
	body, kind := upload(t, "files", photos, fields...)
	return f.do(t, http.MethodPost, "/api/v1/process/batch", body, "Content-Type", kind)
}

// TestBatch: its download addresses are real, fields count wherever they are, and a
// photo without a face does not harm the others.
func TestBatch(t *testing.T) {
	t.Parallel()
	f := newFront(t, []string{newLite(t).URL, newLite(t).URL})
	photo := warmUpPhoto
	reply := f.postBatch(t, [][]byte{photo, []byte("no photo"), photo}, "width", "300",
		"height", "200", "return_base64", "true")
	reply.want(t, http.StatusOK)
	answer := decode[batchAnswer](t, reply.body)
	if answer.Total != 3 || answer.Successful != 2 || answer.Failed != 1 || answer.Job == "" || len(answer.Results) != 3 {
		t.Fatalf("answer %s", reply.body)
	}
	for i, item := range answer.Results {
		if item.Filename != "holiday"+string(rune('0'+i))+".png" || item.Success != (i != 1) {
			t.Errorf("item %d: %+v", i, item)
			continue
		}
		if i == 1 {
			if item.Download != nil || !strings.Contains(*item.Error, "Could not load image") || item.Message == nil {
				t.Errorf("item %+v", item)
			}
			continue
		}
		png := f.do(t, http.MethodGet, *item.Download, nil)
		png.want(t, http.StatusOK, "\x89PNG", "\x00\x00\x01\x2c\x00\x00\x00\xc8") // 300×200
	}
}

// TestBatchGoesToAllServers, one photo at a time.
func TestBatchGoesToAllServers(t *testing.T) {
	t.Parallel()
	one, two := newFake(t), newFake(t)
	f := newFront(t, []string{one.URL, two.URL})
	within(t, "both are ready", func() bool { return f.idle() == 2 })
	answer := decode[batchAnswer](t, f.postBatch(t, make([][]byte, 20)).body)
	if answer.Successful != 20 || one.made.Load() < 3 || two.made.Load() < 3 || one.most.Load() != 1 {
		t.Errorf("answer %+v, made %d and %d, %d at once", answer, one.made.Load(), two.made.Load(), one.most.Load())
	}
}

// TestBatchOfDyingServer: a photo is tried again as others are.
func TestBatchOfDyingServer(t *testing.T) {
	t.Parallel()
	bad, good := newFake(t), newFake(t)
	f := newFront(t, []string{bad.URL, good.URL})
	within(t, "both are ready", func() bool { return f.idle() == 2 })
	bad.does(dies)
	if answer := decode[batchAnswer](t, f.postBatch(t, make([][]byte, 10)).body); answer.Successful != 10 {
		t.Errorf("answer %+v", answer)
	}
}

// TestInvalidBatch: the servers say what is wrong, as they say it.
func TestInvalidBatch(t *testing.T) {
	t.Parallel()
	f := newFront(t, []string{newLite(t).URL}, func(c *Config) { c.MaxUpload = 1 << 20 })
	f.postBatch(t, nil, "width", "x").want(t, http.StatusUnprocessableEntity,
		`"loc":["body","files"]`, `"loc":["body","width"]`)
	f.postBatch(t, [][]byte{{}}, "width", "x").want(t, http.StatusUnprocessableEntity, `"loc":["body","width"]`)
	f.do(t, http.MethodPost, "/api/v1/process/batch", strings.NewReader("{}"), "Content-Type", "application/json").
		want(t, http.StatusUnprocessableEntity, `"Field required"`)
	f.postBatch(t, make([][]byte, maxBatch+1)).want(t, http.StatusRequestEntityTooLarge, "the limit is 50")
	f.postBatch(t, [][]byte{make([]byte, 1<<20+1)}).want(t, http.StatusRequestEntityTooLarge, "the limit is 1 MiB")
	half := make([]byte, 1<<19)
	f.postBatch(t, [][]byte{half, half, half, half, half, half, half, half}).
		want(t, http.StatusRequestEntityTooLarge, "send fewer photos at once")
	if n := f.photos.Load(); n != 0 {
		t.Errorf("%d places are still taken", n)
	}
}

func TestSafeName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"a.png": "photo.png", "../../etc/x.JPG": "photo.JPG", `C:\photos\a.jpeg`: "photo.jpeg", "a": "photo", ".png": "photo",
		"a.b c": "photo", "": "", "a.png/": "photo.png", "a.\"quoted": "photo",
	} {
		if got := safeName(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
