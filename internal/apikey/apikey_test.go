package apikey_test

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/apikey"
	"github.com/djok/facecraft/internal/fault"
)

func TestParse(t *testing.T) {
	t.Parallel()
	keys, err := apikey.Parse("# who may enter\n\nsesame\r\nlab open-sesame\n")
	want := []apikey.Key{{Name: "key1", Value: "sesame"}, {Name: "lab", Value: "open-sesame"}}
	if err != nil || !slices.Equal(keys, want) {
		t.Errorf("got %v, %v", keys, err)
	}
	if first := apikey.First("lab open-sesame\nsesame\n"); first != "open-sesame" {
		t.Errorf("the first is %q", first)
	}
	for text, say := range map[string]string{"# none\n": "no API key", "a hush b\n": "line 1"} {
		_, err := apikey.Parse(text)
		if fault.CodeOf(err) != fault.Usage || !strings.Contains(err.Error(), say) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%q: %v", text, err)
		}
		if apikey.First(text) != "" {
			t.Errorf("%q has a first key", text)
		}
	}
}

func TestReadFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys")
	if _, _, err := apikey.ReadFile(path); fault.CodeOf(err) != fault.Usage {
		t.Errorf("a missing file: %v", err)
	}
	if err := os.WriteFile(path, make([]byte, apikey.MaxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := apikey.ReadFile(path); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("a large file: %v", err)
	}
	if err := os.WriteFile(path, []byte("sesame"), 0o600); err != nil {
		t.Fatal(err)
	}
	if text, keys, err := apikey.ReadFile(path); err != nil || text != "sesame" || len(keys) != 1 {
		t.Errorf("got %q, %v, %v", text, keys, err)
	}
}

// TestStore: a key is made once, for the user alone, until it is removed.
func TestStore(t *testing.T) {
	t.Parallel()
	store := apikey.Store{Dir: filepath.Join(t.TempDir(), "config", "keys")}
	keys, err := store.Ensure("facecraft")
	if err != nil || len(apikey.First(keys)) < 20 {
		t.Fatalf("got %q, %v", keys, err)
	}
	info, err := os.Stat(store.Path("facecraft"))
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("its file: %v, %v", info, err)
	}
	if again, err := store.Ensure("facecraft"); err != nil || again != keys {
		t.Errorf("the second time %q, %v", again, err)
	}
	if other, err := store.Ensure("second"); err != nil || other == keys {
		t.Errorf("another instance has %q, %v", other, err)
	}
	for _, want := range []bool{true, false} {
		if removed, err := store.Remove("facecraft"); err != nil || removed != want {
			t.Errorf("removed is %t, %v", removed, err)
		}
	}
}

// TestStoreAtOnce: calls at the same time get the same keys.
func TestStoreAtOnce(t *testing.T) {
	t.Parallel()
	store := apikey.Store{Dir: t.TempDir()}
	got := make(chan string)
	const calls = 20
	for range calls {
		go func() {
			keys, err := store.Ensure("facecraft")
			if err != nil {
				t.Error(err)
			}
			got <- keys
		}()
	}
	first := <-got
	for range calls - 1 {
		if keys := <-got; keys != first || first == "" {
			t.Errorf("got %q and %q", first, keys)
		}
	}
	if files, err := os.ReadDir(store.Dir); err != nil || len(files) != 1 {
		t.Errorf("left behind: %v, %v", files, err)
	}
}
