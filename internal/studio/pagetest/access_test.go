package pagetest

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/chromedp"
)

// views are what people see of the page, each prepared by a script.
var views = []struct{ name, script string }{
	{"the portraits", "scrollTo(0, 0)"},
	{"the viewer", "document.querySelector('.card:not([hidden]) button').click()"},
}

// everything is a page with all that it can show at once.
func everything(t *testing.T) *tab {
	t.Helper()
	pulling := object{"done": 1e9, "total": 4e9, "text": "pulling"}
	f := newFake(t, server("starting", "cpu", pulling), question, portraits(3))
	p := f.visit()
	p.until(loadedPictures + " === 3")
	return p
}

// controls are the roles of what can be operated.
const controls = " button link textbox spinbutton slider radio checkbox ColorWell DisclosureTriangle "

// TestNames: assistive technology has a name for every control.
func TestNames(t *testing.T) {
	t.Parallel()
	p := everything(t)
	for _, view := range views {
		p.script(view.script)
		tree, err := chromedp.Call(p.ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
		if err != nil {
			t.Fatal(err)
		}
		seen := 0
		for _, node := range tree.Nodes {
			if node.Ignored || node.Role == nil || !strings.Contains(controls, " "+unquote(node.Role)+" ") {
				continue
			}
			seen++
			if node.Name == nil || strings.TrimSpace(unquote(node.Name)) == "" {
				t.Errorf("%s: a %s has no name", view.name, unquote(node.Role))
			}
		}
		if seen < 20 {
			t.Errorf("%s: only %d controls were found", view.name, seen)
		}
	}
}

func unquote(value *accessibility.Value) string { return strings.Trim(string(value.Value), `"`) }

// TestFocusIsVisible follows Tab once around each view: the focused element, or
// the slider's handle, has an outline.
func TestFocusIsVisible(t *testing.T) {
	t.Parallel()
	p := everything(t)
	for _, view := range views {
		p.script(view.script)
		seen := map[string]bool{}
		for range 60 {
			p.press("\t")
			got := eval[[]string](p, `(() => {
				const element = document.activeElement;
				const handle = element.matches(".compare input") && element.parentElement.querySelector("i");
				const style = handle ? getComputedStyle(handle, "::after") : getComputedStyle(element);
				const box = element.getBoundingClientRect();
				const shown = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 && box.width > 0;
				return [element.outerHTML.slice(0, 90), String(shown)];
			})()`)
			if strings.HasPrefix(got[0], "<body") || seen[got[0]] {
				continue
			}
			seen[got[0]] = true
			if got[1] != "true" {
				t.Errorf("%s: the focus is not visible on %s", view.name, got[0])
			}
		}
		if len(seen) < 10 {
			t.Errorf("%s: Tab reached only %d elements", view.name, len(seen))
		}
	}
}

// contrasts returns the texts whose contrast with what lies behind is below that
// of WCAG 2.2, AA: 4.5, or 3 for large ones. What is disabled is exempt.
const contrasts = `(() => {
	const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
	const pen = canvas.getContext("2d", { willReadFrequently: true });
	const over = (below, colour) => {
		pen.fillStyle = below; pen.fillRect(0, 0, 1, 1);
		pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1);
		return "rgb(" + [...pen.getImageData(0, 0, 1, 1).data.slice(0, 3)].join() + ")";
	};
	const light = (colour) => {
		const linear = (v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
		const [r, g, b] = colour.match(/\d+/g).map((v) => linear(v / 255));
		return .2126 * r + .7152 * g + .0722 * b;
	};
	const behind = (element) => {
		const above = element.parentElement ? behind(element.parentElement) : "rgb(255,255,255)";
		return over(above, getComputedStyle(element).backgroundColor);
	};
	const bad = [];
	const root = document.querySelector("dialog[open]") || document.body;
	for (const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT); walker.nextNode();) {
		const element = walker.currentNode.parentElement;
		if (!walker.currentNode.data.trim() || !element.checkVisibility({ visibilityProperty: true })) continue;
		if (element.closest("script, style, noscript, .sr, :disabled, label:has(:disabled)")) continue;
		const style = getComputedStyle(element);
		const back = behind(element);
		const [a, b] = [light(back), light(over(back, style.color))].sort((x, y) => y - x);
		const size = parseFloat(style.fontSize);
		const large = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
		const ratio = (a + .05) / (b + .05);
		if (ratio < (large ? 3 : 4.5)) bad.push(ratio.toFixed(2) + ": " + walker.currentNode.data.trim().slice(0, 40));
	}
	return bad;
})()`

// TestContrast computes it from the rendered page, in both colour schemes.
func TestContrast(t *testing.T) {
	t.Parallel()
	p := everything(t)
	for _, view := range views {
		p.script(view.script)
		for _, scheme := range []string{"light", "dark"} {
			p.prefer("prefers-color-scheme", scheme)
			if bad := eval[[]string](p, contrasts); len(bad) > 0 {
				t.Errorf("%s, %s: %q", view.name, scheme, bad)
			}
			page := eval[string](p, "getComputedStyle(document.body).backgroundColor")
			if dark := page == "rgb(16, 19, 26)"; dark != (scheme == "dark") {
				t.Errorf("the page is %s in the %s scheme", page, scheme)
			}
		}
	}
}

// TestReducedMotion: nothing moves for those who have asked for that.
func TestReducedMotion(t *testing.T) {
	t.Parallel()
	photos := portraits(1)
	photos[1]["state"] = "making"
	f := newFake(t, server("ready", "lite", nil), nil, photos)
	p := f.visit()
	p.until("document.getAnimations().length > 0")
	p.prefer("prefers-reduced-motion", "reduce")
	p.until("document.getAnimations().length === 0")
}

// TestNarrow: at 320 pixels nothing lies outside the page.
func TestNarrow(t *testing.T) {
	t.Parallel()
	p := everything(t)
	for _, view := range views {
		p.script(view.script)
		for _, width := range []int64{320, 390, 2560, 3840} {
			p.do(chromedp.EmulateViewport(width, 900))
			if extra := eval[int](p, "document.documentElement.scrollWidth - innerWidth"); extra > 0 {
				t.Errorf("%s is %d pixels too wide at %d", view.name, extra, width)
			}
		}
	}
}
