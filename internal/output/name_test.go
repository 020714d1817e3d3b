package output

import (
	"testing"

	"github.com/djok/facecraft/internal/fault"
)

func TestNameable(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{ // the name that Windows does not allow
		`C:\photos\anna.jpg`: "", `..\anna.jpg`: "", "anna.jpg": "", `C:anna.jpg`: "",
		`\\server\photos\anna.jpg`: "", `\\?\C:\photos\anna.jpg`: "",
		"console.jpg": "", "my con.jpg": "", "con-facecraft.jpg": "", `out\`: "", `COM10`: "", "": "",
		"CON": "CON", "con.jpg": "con.jpg", `C:\out\Nul`: "Nul", `aux\anna.jpg`: "aux", "lpt1.tar.gz": "lpt1.tar.gz",
		"PRN .png": "PRN .png", "com¹": "com¹", "conin$": "conin$",
		"a?.jpg": "a?.jpg", "anna.jpg:stream": "anna.jpg:stream", `D:\*\anna.jpg`: "*",
	} {
		said := ""
		if want != "" {
			said = "Windows does not allow the name " + want
		}
		err := Nameable(path, "windows")
		if err == nil && said != "" || err != nil && (err.Error() != said || fault.HintOf(err) == "") {
			t.Errorf("%s: %v, want %q", path, err, said)
		}
		if err := Nameable(path, "linux"); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}
