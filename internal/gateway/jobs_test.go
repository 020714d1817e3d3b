package gateway

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// answered is what the gateway says of a portrait.
func answered(t testing.TB, g got) made {
	t.Helper()
	g.want(t, http.StatusOK)
	return decode[made](t, g.body)
}

// TestJobSurvivesRestart: another gateway with the same servers, in another order,
// finds it.
func TestJobSurvivesRestart(t *testing.T) {
	t.Parallel()
	one, two := newFake(t), newFake(t)
	reply := newFront(t, []string{one.URL, two.URL}).post(t, processRoute, nil)
	made := answered(t, reply)
	f := newFront(t, []string{newFake(t).URL, two.URL, one.URL})
	f.do(t, http.MethodGet, made.PNG, nil).want(t, http.StatusOK, fakePortrait)
	deleted := f.do(t, http.MethodDelete, "/api/v1/jobs/"+made.Job, nil)
	deleted.want(t, http.StatusOK, `{"message":"Job `+made.Job+` deleted"}`)
	if deleted.header.Get(serverHeader) != reply.header.Get(serverHeader) {
		t.Errorf("the job of %s was deleted in %s", reply.header.Get(serverHeader), deleted.header.Get(serverHeader))
	}
}

func TestJobIsDeletedOnceFetched(t *testing.T) {
	t.Parallel()
	server := newFake(t)
	f := newFront(t, []string{server.URL})
	made := answered(t, f.post(t, processRoute, nil))
	f.do(t, http.MethodGet, "/api/v1/download/"+made.Job+"/jpg", nil).want(t, http.StatusNotFound)
	if _, deleted := server.deleted.Load("00000002"); deleted {
		t.Error("the job is deleted although it was not fetched")
	}
	f.do(t, http.MethodGet, made.PNG, nil).want(t, http.StatusOK)
	within(t, "the job is deleted", func() bool { _, ok := server.deleted.Load("00000002"); return ok })
	if n := len(f.jobs.jobs); n != 0 {
		t.Errorf("%d jobs are remembered", n)
	}
}

func TestJobIsDeletedAfterAnHour(t *testing.T) {
	t.Parallel()
	server := newFake(t)
	f := newFront(t, []string{server.URL})
	answered(t, f.post(t, processRoute, nil))
	f.jobs.expire()
	f.jobs.mu.Lock()
	f.jobs.now = func() time.Time { return time.Now().Add(jobAge + time.Minute) }
	f.jobs.mu.Unlock()
	if _, deleted := server.deleted.Load("00000002"); deleted {
		t.Error("the job is deleted too early")
	}
	f.jobs.expire()
	within(t, "the job is deleted", func() bool { _, ok := server.deleted.Load("00000002"); return ok })
}

// TestRefusedPhotoLeavesNoJob: the images keep even its upload.
func TestRefusedPhotoLeavesNoJob(t *testing.T) {
	t.Parallel()
	server := newFake(t)
	f := newFront(t, []string{server.URL})
	server.does(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"success":false,"job_id":"feed","png_url":null,"error":"no_face_detected"}`))
	})
	made := answered(t, f.post(t, processRoute, nil))
	if made.Job != f.servers[0].tag+"-feed" {
		t.Errorf("job %s", made.Job)
	}
	within(t, "the job is deleted", func() bool { _, ok := server.deleted.Load("feed"); return ok })
}

// TestRenamed changes nothing else, byte for byte.
func TestRenamed(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"job_id":"7a"}`,
		"{ \"success\" : true,\n \"job_id\" : \"7a\", \"x\":1.50, \"png_url\":\"/api/v1/download/7a/png\" }\n",
		`{"png_base64":"00==","job_id":"7a","jpg_url":null,"result":{"job":"7b"},"error":"7b"}`,
		`{"download_url":null,"job_id":"7a"}`,
	} {
		want := strings.ReplaceAll(body, "7a", "t-7a")
		if got := string(renamed([]byte(body), "7a", "t-7a")); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
}

// FuzzJobID: no job ID reaches anything but a job of a server.
func FuzzJobID(f *testing.F) {
	servers, err := newServers([]string{"http://a:1", "http://b:1"})
	if err != nil {
		f.Fatal(err)
	}
	g := &Gateway{servers: servers}
	for _, id := range []string{"", "-", servers[0].tag + "-01234567", servers[1].tag + "-../../status",
		servers[0].tag + "-",
		servers[0].tag + "-%2e%2e", "0-0", servers[0].tag + "-a/b", strings.Repeat("a", 100)} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		s, raw, ok := g.locate(id)
		if !ok {
			return
		}
		if s.jobID(raw) != id {
			t.Errorf("%q is %q in %s, whose ID is %q", id, raw, s.name, s.jobID(raw))
		}
		if at := (&url.URL{Path: "/api/v1/jobs/" + raw}).String(); at != "/api/v1/jobs/"+raw ||
			strings.ContainsAny(raw, "./%?#") {
			t.Errorf("%q reaches %s", id, at)
		}
	})
}

// FuzzHost: a host is answered only if it is in the list.
func FuzzHost(f *testing.F) {
	g := &Gateway{}
	if err := g.admitOnly([]string{"localhost:8000", "[::1]:8000"}, nil); err != nil {
		f.Fatal(err)
	}
	for _, host := range []string{"localhost:8000", "LOCALHOST:8000", "localhost:8000.evil.example",
		"evil.example:8000", "", "*",
		"localhost:8000 ", "localhost", "[::1]:8000", "::1:8000"} {
		f.Add(host)
	}
	f.Fuzz(func(t *testing.T, host string) {
		known := strings.EqualFold(host, "localhost:8000") || host == "[::1]:8000"
		if g.answersTo(host) && !known {
			t.Errorf("%q is answered", host)
		}
	})
}
