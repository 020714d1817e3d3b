package verify

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/inventory"
)

var (
	checkedPath = regexp.MustCompile(`(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])` +
		`(?::\d+|:\$\{?\w+[^}/]*\}?)?(/[^\s"'|;)]*)?`)
	readyPath   = regexp.MustCompile(`/(readiness|ready|readyz)\b`)
	shallowPath = regexp.MustCompile(`^/?(health|healthz|livez?|ping|docs)?/?$`)
)

// The published images answer /ready with 200 and ready:false while they load:
// only the body tells the difference.
var (
	blindly    = regexp.MustCompile(`\b(curl|wget)\b.*/ready\b`)
	bodyReader = regexp.MustCompile(`\b(grep|jq|python\d?|awk|sed|case)\b`)
)

// ready checks what the health check requests, and what the server answered
// before it was ready.
func ready(s *subject) []result {
	var list []result
	if start := s.seen.Start; start != nil && start.Early != "" {
		list = append(list, fail("it answers 2xx before it is ready").with(start.Early).known(inventory.RunDepth).
			keyed("early").
			graded(finding.Warning).remedied("answer 503 until the models are loaded"))
	}
	if start := s.seen.Start; start != nil && !start.Ready {
		list = append(list, fail("the server does not get ready").with(start.Problem).with(start.Log...).
			known(inventory.RunDepth).keyed("never").
			remedied("see why in its log; facecraft up --image IMAGE shows it too"))
	}
	health := s.Config.Health
	if health == nil {
		return append(list, fail("there is no HEALTHCHECK").keyed("none"))
	}
	command := strings.Join(health.Test[1:], " ")
	evidence := "HEALTHCHECK " + short(command)
	if missing := s.missingTool(health); missing != "" {
		list = append(list, fail("the health check needs %s, which is not in the image", missing).
			with(evidence).keyed("tool").
			remedied("install "+missing+", or use the program's own check").known(inventory.FilesDepth))
	}
	asked := checkedPath.FindStringSubmatch(command)
	if output, broken := s.brokenCheck(); broken && len(list) == 0 {
		list = append(list, fail("the health check fails while the server is ready").with(evidence).with(output...).
			known(inventory.RunDepth).keyed("fails").
			remedied("run it in the container: docker exec CONTAINER "+short(command)))
	}
	switch {
	case blindly.MatchString(command) && !bodyReader.MatchString(command):
		list = append(list,
			fail("the health check asks /ready and does not read the answer, "+
				"which is 200 before the models are loaded too").
				graded(finding.Warning).with(evidence).keyed("path"))
	case readyPath.MatchString(command):
		if len(list) == 0 {
			list = append(list, pass("the health check asks for readiness").with(evidence))
		}
	case asked != nil && shallowPath.MatchString(asked[1]):
		list = append(list,
			fail("the health check asks %s, which does not say whether the models are loaded", cmp.Or(asked[1], "/")).
				graded(finding.Warning).with(evidence).keyed("path"))
	case tcpOnly.MatchString(command):
		list = append(list, fail("the health check only connects").graded(finding.Warning).with(evidence).keyed("path"))
	case len(list) == 0:
		list = append(list, pass("the health check is a command of the image's own").with(evidence))
	}
	return list
}

// brokenCheck reports whether the image's own check never succeeded although
// the server answered in time whether it is ready, and what the check printed.
func (s *subject) brokenCheck() (output []string, broken bool) {
	_, timeout, _ := timesOf(s.Config.Health)
	for _, w := range s.seen.Windows {
		if w.Probes == nil || !w.Ready || w.Silent >= timeout {
			continue
		}
		if w.Probes.Passed > 0 {
			return nil, false
		}
		broken = true
		if w.Probes.Output != "" {
			output = []string{"it prints " + short(w.Probes.Output)}
		}
	}
	return output, broken
}

var tcpOnly = regexp.MustCompile(`\bnc\s+-\w*z|/dev/tcp/`)

// tools are programs that health checks often name and slim images often lack.
var tools = regexp.MustCompile(`^(curl|wget|nc|python\d?|bash)$`)

// missingTool returns the program that a health check runs, if the image does not
// have it.
func (s *subject) missingTool(health *inventory.Health) string {
	if s.Depth < inventory.FilesDepth || len(health.Test) < 2 {
		return ""
	}
	words := health.Test[1:]
	if health.Test[0] == "CMD-SHELL" {
		if s.program("/bin/sh") == nil {
			return "/bin/sh"
		}
		words = strings.Fields(health.Test[1])
		if len(words) == 0 || !tools.MatchString(words[0]) {
			return "" // shell built-ins cannot be distinguished from programs
		}
	}
	if s.program(words[0]) == nil {
		return words[0]
	}
	return ""
}

// program returns the file that a command's name refers to.
func (s *subject) program(name string) *inventory.Node {
	dirs := []string{""}
	if !strings.Contains(name, "/") {
		value, ok := s.Config.Variable("PATH")
		if !ok {
			value = inventory.DefaultPath
		}
		dirs = strings.Split(value, ":")
	}
	for _, dir := range dirs {
		if node, _ := s.Files.Find(path.Join(dir, name)); node != nil && node.Kind == inventory.File {
			return node
		}
	}
	return nil
}

// windowFactor is how many times the loading time a check should wait.
const windowFactor = 1.5

func healthWindow(s *subject) []result {
	health := s.Config.Health
	if health == nil {
		return []result{beside("there is no HEALTHCHECK")}
	}
	window, text := windowOf(health)
	if s.seen.Emulated {
		return []result{unknown(emulated).with(text)}
	}
	if len(s.seen.Windows) > 0 {
		return s.measuredWindow(window, text)
	}
	usual := time.Duration(s.variant.StartSeconds) * time.Second
	switch {
	case usual == 0:
		return []result{unknown("how long the image takes to load is not known; --depth run measures it").with(text)}
	case float64(window) < windowFactor*float64(usual):
		return []result{fail("the health check gives up after %s, and loading takes about %s", format.Duration(window),
			format.Duration(usual)).with(text).keyed("window")}
	}
	return []result{pass("the health check waits %s, and loading takes about %s", format.Duration(window),
		format.Duration(usual)).with(text)}
}

// streakOf returns how often a check may fail in a row while a server is silent,
// if each failure takes took.
func streakOf(h *inventory.Health, silent, took time.Duration) int {
	interval, timeout, _ := timesOf(h)
	took = min(took, timeout)
	if silent < took {
		return 0
	}
	return int((silent + interval) / (took + interval))
}

// streak returns how often the image's check may fail in a row with its own
// interval while photos are processed.
func (s *subject) streak(w Window) int {
	_, timeout, _ := timesOf(s.Config.Health)
	n := streakOf(s.Config.Health, w.Silent, timeout)
	if p := w.Probes; p != nil && p.Passed > 0 && p.Failing > 0 {
		n = max(n, streakOf(s.Config.Health, p.Failing, p.Took))
	}
	return n
}

// timesOf returns a check's settings, with the engine's defaults.
func timesOf(h *inventory.Health) (interval, timeout time.Duration, retries int) {
	interval, timeout, retries = h.Interval, h.Timeout, h.Retries
	if interval == 0 {
		interval = 30 * time.Second
	}
	if timeout == 0 {
		timeout = 30 * time.Second
	}
	if retries == 0 {
		retries = 3
	}
	return interval, timeout, retries
}

// windowOf returns how long a check may fail before a container is unhealthy, and
// the calculation.
func windowOf(h *inventory.Health) (time.Duration, string) {
	interval, timeout, retries := timesOf(h)
	text := fmt.Sprintf("start period %s + %d retries x (interval %s + timeout %s)",
		format.Duration(h.StartPeriod), retries, format.Duration(interval), format.Duration(timeout))
	return h.StartPeriod + time.Duration(retries)*(interval+timeout), text
}

func (s *subject) measuredWindow(window time.Duration, text string) []result {
	var evidence []string
	var worst result
	_, _, retries := timesOf(s.Config.Health)
	for _, w := range s.seen.Windows {
		evidence = append(evidence, w.evidence())
		streak := s.streak(w)
		switch {
		case float64(window) < windowFactor*float64(w.After):
			worst = fail("the health check gives up after %s; with %g CPU the server needs %s", format.Duration(window),
				w.CPUs,
				w.needed())
		case streak >= retries:
			worst = fail("the health check can fail %d times in a row while a photo is processed", streak)
		}
	}
	evidence = append(evidence, text)
	if worst.status == finding.Fail {
		return []result{worst.with(evidence...).keyed("window").known(inventory.RunDepth)}
	}
	if slices.ContainsFunc(s.seen.Windows, func(w Window) bool { return !w.Ready }) {
		return []result{unknown("the server did not get ready in the time that was given").with(evidence...)}
	}
	return []result{pass("the health check's window of %s suffices with few CPUs", format.Duration(window)).
		with(evidence...).
		known(inventory.RunDepth)}
}

func (w Window) needed() string {
	if !w.Ready {
		return "more than " + format.Duration(w.After.Round(time.Second))
	}
	return w.After.Round(time.Second).String()
}

func (w Window) evidence() string {
	if !w.Ready {
		return fmt.Sprintf("%g CPU: not ready after %s", w.CPUs, w.After.Round(time.Second))
	}
	text := fmt.Sprintf("%g CPU: ready after %s", w.CPUs, w.After.Round(100*time.Millisecond))
	if p := w.Probes; p != nil {
		text += fmt.Sprintf("; then %d of %s passed while photos were processed", p.Passed,
			format.Count(p.Count, "health check", "health checks"))
	}
	return text
}
