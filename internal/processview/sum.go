package processview

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/djok/facecraft/internal/format"
)

// sum shows the totals of a batch. For a single portrait, its path is enough.
func (v *View) sum() {
	ours := v.kept - v.protected
	switch {
	case v.ToStdout:
		return
	case v.Watching:
		v.sumWatch()
	case v.kept > 0 && v.kept == v.total:
		v.nothingToDo(ours)
	case v.total > 1 && v.done == 0:
		v.UI.Say("no new portrait%s", already(ours))
	case v.total > 1:
		v.UI.Done("%s in %s%s", format.Count(v.done, "portrait", "portraits"), format.Elapsed(time.Since(v.begun)),
			already(ours))
	}
	if v.protected > 0 {
		v.UI.Say("%s not made here, or changed since; --force overwrites %s",
			format.Count(v.protected, "existing result stays:", "existing results stay:"), format.Pronoun(v.protected))
	}
}

func (v *View) nothingToDo(ours int) {
	if ours == 0 {
		v.UI.Say("nothing to do")
		return
	}
	force := "; --force makes " + format.Pronoun(ours) + " again"
	if v.protected > 0 { // it is said of those
		force = ""
	}
	v.UI.Done("nothing to do: %s there already%s", format.Count(ours, "portrait is", "portraits are"), force)
}

func (v *View) sumWatch() {
	var without string
	if failed := v.failed(); failed > 0 {
		without = ", " + format.Count(failed, "photo", "photos") + " without one"
	}
	if v.done == 0 {
		v.UI.Say("no portrait in %s%s", format.Elapsed(time.Since(v.begun)), without)
		return
	}
	v.UI.Done("%s in %s%s", format.Count(v.done, "portrait", "portraits"),
		format.Elapsed(time.Since(v.begun)), without)
}

func already(n int) string {
	if n == 0 {
		return ""
	}
	return ", " + format.Count(n, "was", "were") + " there already"
}

// listFailures groups the reasons by cause.
func (v *View) listFailures() {
	for _, cause := range slices.Sorted(maps.Keys(v.failures)) {
		list := v.failures[cause]
		slices.Sort(list)
		if v.failed() == 1 {
			v.UI.Warn("%s", list[0])
			return
		}
		v.UI.Warn("%s", listed(string(cause), list, "--json or --report"))
	}
}

// listed is a heading with reasons below it, at most maxListed; the flags in all
// show the rest.
func listed(heading string, reasons []string, all string) string {
	text := fmt.Sprintf("%s (%d)", heading, len(reasons))
	for _, reason := range reasons[:min(len(reasons), maxListed)] {
		text += "\n  " + strings.ReplaceAll(reason, "\n", "\n  ")
	}
	if more := len(reasons) - maxListed; more > 0 {
		text += fmt.Sprintf("\n  and %d more; %s lists them all", more, all)
	}
	return text
}
