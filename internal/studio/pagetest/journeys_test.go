package pagetest

import (
	"archive/zip"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// cards is how many portraits of a state the page shows.
func cards(n int, state string) string {
	return fmt.Sprintf("document.querySelectorAll('.card[data-state=%s]').length === %d", state, n)
}

const loadedPictures = "document.querySelectorAll('.card img[data-loaded=true]').length"

// open opens a studio's page with portraits of these names.
func open(t *testing.T, names ...string) (p *tab, folder string) {
	t.Helper()
	address, folder := start(t)
	p = newTab(t, address)
	p.until("!document.querySelector('#welcome').hidden")
	if len(names) > 0 {
		p.drop(photos(t, names...))
		p.until(cards(len(names), "done"))
	}
	return p, folder
}

// TestDrop: a folder becomes portraits on the page and in the folder. What is no
// portrait is listed with the reason; a name is never markup.
func TestDrop(t *testing.T) {
	t.Parallel()
	p, folder := open(t)
	const hostile = "<img src=x onerror=alert(1)> & <b>.png"
	dir := photos(t, "anna.png", "class/ben.png")
	write(t, filepath.Join(dir, hostile), read(t, "../../e2e/testdata/photos/coffee.png"))
	write(t, filepath.Join(dir, "notes.txt"), []byte("no photo"))
	write(t, filepath.Join(dir, ".hidden.png"), photo(t))
	p.drop(dir)
	p.until(cards(2, "done") + " && " + loadedPictures + " === 2")
	p.until("!document.querySelector('#failures').hidden")

	names := eval[[]string](p,
		"[...document.querySelectorAll('.card:not([hidden]) .name')].map((name) => name.textContent)")
	slices.Sort(names)
	if want := []string{"anna", "ben"}; !slices.Equal(names, want) {
		t.Errorf("names %q, want %q", names, want)
	}
	if eval[int](p, "document.querySelectorAll('main img[src=x], main b:not(#failures b)').length") != 0 {
		t.Error("a name became markup")
	}
	failed := eval[[]string](p, "[...document.querySelectorAll('#failures li')].map((item) => item.innerText)")
	if len(failed) != 1 || !strings.Contains(failed[0], "onerror") || !strings.Contains(failed[0], "No face") {
		t.Errorf("failures: %q", failed)
	}
	made := files(t, folder)
	if !slices.Equal(made, []string{"anna-facecraft.png", "class/ben-facecraft.png"}) {
		t.Errorf("portraits in the folder: %q", made)
	}
}

// TestSlider: the arrow keys move it while it has the focus, and move on elsewhere.
func TestSlider(t *testing.T) {
	t.Parallel()
	p, _ := open(t, "a.png", "b.png")
	p.do(chromedp.Click(".card button"))
	p.until("document.querySelectorAll('.compare img[data-loaded=true]').length === 2")
	first := eval[string](p, "document.querySelector('#viewer .name').value")
	p.tabTo(".compare input")
	p.press(strings.Repeat(kb.ArrowRight, 10))
	if at := eval[string](p, "document.querySelector('.compare').style.getPropertyValue('--at')"); at != "60%" {
		t.Errorf("after ten steps, the slider is at %s", at)
	}
	sizes := eval[[]float64](p, `[...document.querySelectorAll(".compare img")].flatMap((image) => {
		const box = image.getBoundingClientRect();
		return [box.left, box.top, box.width, box.height];
	})`)
	if !slices.Equal(sizes[:4], sizes[4:]) || sizes[2] < 300 {
		t.Errorf("the pictures do not lie on each other: %v", sizes)
	}
	p.script("document.querySelector('#viewer .next').focus()")
	p.press(kb.ArrowRight)
	p.until("document.querySelector('#viewer .name').value !== " + quote(first))
	p.press(kb.ArrowLeft)
	p.until("document.querySelector('#viewer .name').value === " + quote(first))
}

// TestKeyboardOnly: an example, its big view, another name, and out of it.
func TestKeyboardOnly(t *testing.T) {
	t.Parallel()
	p, folder := open(t)
	p.tabTo("#example")
	p.press(kb.Enter)
	p.until(cards(1, "done"))
	p.tabTo(".card button")
	p.press(kb.Enter)
	p.until("document.querySelector('#viewer').open")
	p.tabTo("#viewer .keep")
	p.press(" ")
	p.until("document.querySelector('#viewer .keep').ariaPressed === 'true'")
	p.tabTo("#viewer input.name")
	p.press("Eileen" + kb.Enter)
	eventually(t, func() bool {
		return slices.ContainsFunc(files(t, folder), func(name string) bool { return strings.Contains(name, "Eileen") })
	})
	p.press(kb.Escape)
	p.until("!document.querySelector('#viewer').open && document.activeElement.matches('.card button')")
}

// TestReload: nothing is lost and nothing is made twice.
func TestReload(t *testing.T) {
	t.Parallel()
	p, folder := open(t)
	var names []string
	for i := range 4 {
		names = append(names, fmt.Sprintf("%02d.png", i))
	}
	p.drop(photos(t, names...))
	p.until("document.querySelectorAll('.card').length === 4 && document.querySelector('.card[data-state=done]') !== null")
	p.do(chromedp.Reload())
	p.until(cards(4, "done"))
	if made := files(t, folder); len(made) != 4 {
		t.Errorf("4 photos became %q", made)
	}
}

// TestEnd: without a terminal, the page ends the program, and says so.
func TestEnd(t *testing.T) {
	t.Parallel()
	p, _ := open(t)
	p.do(chromedp.Click("#end"))
	p.until("document.querySelector('#notices').innerText.includes('The studio has ended')")
}

// TestRemake: other settings for all portraits, without another upload.
func TestRemake(t *testing.T) {
	t.Parallel()
	p, folder := open(t, "a.png", "b.png")
	p.script("document.querySelector('#look [name=oval]').click()")
	p.script("document.querySelector('#look [name=colour][value=\"#dbe6f3\"]').click()")
	p.until("document.querySelector('#all-again').offsetHeight > 0 && " +
		"document.querySelector('#look [value=\"#dbe6f3\"]').checked && !document.querySelector('#look [name=oval]').checked")
	p.do(chromedp.Click("#all-again"))
	p.until("document.querySelector('#all-again').hidden && " + cards(2, "done"))
	eventually(t, func() bool {
		made := files(t, folder)
		return len(made) == 2 && !slices.ContainsFunc(made, func(name string) bool { return filepath.Ext(name) != ".jpg" })
	})
}

// TestZip downloads all portraits at once.
func TestZip(t *testing.T) {
	t.Parallel()
	p, _ := open(t, "a.png", "b.png")
	dir := t.TempDir()
	p.downloads(dir)
	p.do(chromedp.Click("#zip"))
	path := filepath.Join(dir, "portraits.zip")
	eventually(t, func() bool { _, err := os.Stat(path); return err == nil })
	archive, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	if len(archive.File) != 2 {
		t.Errorf("%d files in the archive", len(archive.File))
	}
}

// TestCameraAndPaste: photos that are not files. The browser's camera for tests
// shows no face.
func TestCameraAndPaste(t *testing.T) {
	t.Parallel()
	p, _ := open(t)
	p.do(chromedp.Click("#welcome [data-choose=camera]"))
	p.until("document.querySelector('#camera video').videoWidth > 0")
	p.do(chromedp.Click("#camera .shoot"))
	p.until("document.querySelector('#failures').innerText.includes('camera-')")
	p.do(chromedp.Click("#failures .dismiss"))
	p.until("document.querySelectorAll('.card').length === 0")
	p.script(`(async () => {
		const data = new DataTransfer();
		const picture = await (await fetch("/icon.svg")).blob();
		data.items.add(new File([picture], "pasted.png", { type: "image/png" }));
		dispatchEvent(new ClipboardEvent("paste", { clipboardData: data }));
	})()`)
	p.until("document.querySelector('#failures').innerText.includes('pasted.png')")
}

// TestPassport: such a purpose only crops, and says so.
func TestPassport(t *testing.T) {
	t.Parallel()
	p, _ := open(t)
	p.do(chromedp.Click("#look [value=passport-us]"))
	p.until("document.querySelector('#look .colours').disabled")
	for _, name := range []string{"oval", "enhance"} {
		if !eval[bool](p, "document.querySelector('#look [name="+name+"]').disabled") {
			t.Errorf("%s can be chosen", name)
		}
	}
	notice := eval[string](p, "document.querySelector('#look .about').innerText")
	if !strings.Contains(notice, "ropped only") || !strings.Contains(notice, "travel.state.gov") {
		t.Errorf("notice: %s", notice)
	}
}
