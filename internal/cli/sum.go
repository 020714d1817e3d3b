package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/djok/facecraft/internal/format"
)

// sum says what a batch came to. For a single portrait its path is enough.
func (s *show) sum() {
	ours := s.kept - s.foreign
	switch {
	case s.toStdout:
		return
	case s.watching:
		s.sumWatch()
	case s.kept > 0 && s.kept == s.total:
		s.nothingToDo(ours)
	case s.total > 1 && s.done == 0:
		s.app.ui.Say("no new portrait%s", already(ours))
	case s.total > 1:
		s.app.ui.Done("%s in %s%s", format.Count(s.done, "portrait", "portraits"), format.Elapsed(time.Since(s.begun)),
			already(ours))
	}
	if s.foreign > 0 {
		s.app.ui.Say("%s not made here, or changed since; --force overwrites %s",
			format.Count(s.foreign, "existing result stays:", "existing results stay:"), format.Pronoun(s.foreign))
	}
}

func (s *show) nothingToDo(ours int) {
	if ours == 0 {
		s.app.ui.Say("nothing to do")
		return
	}
	force := "; --force makes " + format.Pronoun(ours) + " again"
	if s.foreign > 0 { // it is said of those
		force = ""
	}
	s.app.ui.Done("nothing to do: %s there already%s", format.Count(ours, "portrait is", "portraits are"), force)
}

func (s *show) sumWatch() {
	var without string
	if failed := s.failed(); failed > 0 {
		without = ", " + format.Count(failed, "photo", "photos") + " without one"
	}
	if s.done == 0 {
		s.app.ui.Say("no portrait in %s%s", format.Elapsed(time.Since(s.begun)), without)
		return
	}
	s.app.ui.Done("%s in %s%s", format.Count(s.done, "portrait", "portraits"),
		format.Elapsed(time.Since(s.begun)), without)
}

func already(n int) string {
	if n == 0 {
		return ""
	}
	return ", " + format.Count(n, "was", "were") + " there already"
}

// listFailures groups the reasons by their causes.
func (s *show) listFailures() {
	for _, cause := range slices.Sorted(maps.Keys(s.failures)) {
		list := s.failures[cause]
		slices.Sort(list)
		if s.failed() == 1 {
			s.app.ui.Warn("%s", list[0])
			return
		}
		s.app.ui.Warn("%s", listed(string(cause), list, "--json or --report"))
	}
}

// listed is a heading with reasons below it, as many as people read; the flags
// all show the rest.
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
