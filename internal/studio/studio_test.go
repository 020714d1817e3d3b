package studio

import (
	"archive/zip"
	"bytes"
	"image"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// files are what a folder contains, without hidden files.
func files(t *testing.T, folder string) (names []string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder, "[^.]*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range found {
		names = append(names, filepath.Base(path))
	}
	return names
}

// TestJourney: a photo is dropped, its portrait appears in the folder, is looked
// at, made again with other settings, renamed, left out and brought back.
func TestJourney(t *testing.T) {
	t.Parallel()
	v := open(t, Config{Endpoints: []string{liteServer(t, nil).URL}})
	p, status := v.drop("anna.jpg", example)
	if status != http.StatusCreated || p.Title != "anna" {
		t.Fatalf("%d %+v", status, p)
	}
	if _, status := v.drop("anna.jpg", example); status != http.StatusOK {
		t.Errorf("the same photo again: %d", status)
	}
	s := v.until("a portrait", settled)
	if got := files(t, v.folder); !slices.Equal(got, []string{"anna-facecraft.png"}) || s.Photos[0].Engine != "lite" {
		t.Fatalf("%v, %+v", got, s.Photos)
	}
	for what, side := range map[string]int{
		"portrait": 648, "thumb": 320, "before": 648, "photo": 512, "sheet?paper=4x6": 1800,
	} {
		status, data := v.get("/api/photos/" + p.ID + "/" + what)
		config, _, err := image.DecodeConfig(bytes.NewReader(data))
		if status != http.StatusOK || err != nil || max(config.Width, config.Height) != side {
			t.Errorf("%s: HTTP %d, %dx%d, %v", what, status, config.Width, config.Height, err)
		}
	}
	other := map[string]any{"oval": false, "background": "white"}
	v.post("/api/again", map[string]any{"ids": []string{p.ID}, "settings": other})
	s = v.until("another portrait", settled)
	if got := files(t, v.folder); !slices.Equal(got, []string{"anna-facecraft.jpg"}) || s.Photos[0].Version != 2 {
		t.Errorf("again: %v, %+v", got, s.Photos)
	}
	if status := v.post("/api/rename", map[string]string{"id": p.ID, "name": "Anna/../Berg"}); status != http.StatusOK {
		t.Errorf("rename: %d", status)
	}
	if got := files(t, v.folder); !slices.Equal(got, []string{"Anna-..-Berg-facecraft.jpg"}) {
		t.Errorf("renamed: %v", got)
	}
	v.post("/api/leave", map[string]any{"ids": []string{p.ID}, "out": true})
	if got := files(t, v.folder); len(got) != 0 {
		t.Errorf("left out: %v", got)
	}
	v.post("/api/leave", map[string]any{"ids": []string{p.ID}, "out": false})
	v.until("the portrait again", settled)
	if got := files(t, v.folder); !slices.Equal(got, []string{"Anna-..-Berg-facecraft.jpg"}) {
		t.Errorf("brought back: %v", got)
	}
	v.post("/api/clear", map[string]any{})
	if got := files(t, v.folder); len(v.state().Photos) != 0 || len(got) != 1 {
		t.Errorf("cleared: %v", got)
	}
	copies, err := os.ReadDir(filepath.Join(v.folder, ".facecraft-studio", "photos"))
	if err != nil || len(copies) != 0 {
		t.Errorf("copies of cleared photos: %v, %v", copies, err)
	}
}

// TestZip: a zip has the portraits that are not left out, once.
func TestZip(t *testing.T) {
	t.Parallel()
	v := open(t, Config{Endpoints: []string{liteServer(t, nil).URL}})
	var ids []string
	for i, name := range []string{"a.jpg", "Müller 3b/b.jpg", "c.jpg"} {
		p, _ := v.drop(name, numbered(i))
		ids = append(ids, p.ID)
	}
	v.until("portraits", settled)
	v.post("/api/leave", map[string]any{"ids": ids[2:], "out": true})
	var offer struct{ URL string }
	v.post("/api/downloads", map[string]any{}, &offer)
	v.key = "" // a download sends none
	status, data := v.get(offer.URL)
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(status, err)
	}
	var names []string
	for _, file := range archive.File {
		names = append(names, file.Name)
	}
	if want := []string{"a-facecraft.png", "Müller 3b/b-facecraft.png"}; !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
	if status, _ := v.get(offer.URL); status != http.StatusNotFound {
		t.Errorf("the second time: %d", status)
	}
}
