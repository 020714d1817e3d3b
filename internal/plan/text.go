package plan

import (
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
)

// String is the plan for people: what the container will be, then why. It is
// what `facecraft plan` prints and what the tests assert.
func (p Plan) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range p.rows() {
		fmt.Fprintf(w, "%s\t%s\n", row[0], row[1])
	}
	fmt.Fprintln(w, "\nwhy")
	for _, r := range p.Reasons {
		fmt.Fprintf(w, "  %s\t%s\n", r.Choice, r.Because)
	}
	w.Flush()
	for _, warning := range p.Warnings {
		fmt.Fprintf(&b, "\nwarning: %s\n", warning)
	}
	return b.String()
}

func (p Plan) rows() [][2]string {
	rows := [][2]string{
		{"container", p.Container()},
		{"image", p.imageText()},
		{"address", fmt.Sprintf("%s (port %d of the container)", p.Publish.URL(), p.Publish.Container)},
		{"user", p.userText()},
	}
	if p.GPUs != nil {
		rows = append(rows, [2]string{"GPUs", p.GPUs.String()})
	}
	rows = append(rows, [2]string{"limits", fmt.Sprintf("%s of memory, %d processes", Memory(p.MemoryLimit), p.PIDsLimit)})
	if p.Restart != "" {
		rows = append(rows, [2]string{"restart", p.Restart})
	}
	if p.ReadOnly {
		rows = append(rows, [2]string{"file system", "read-only, writable: " + strings.Join(p.Tmpfs, ", ") + " (in memory)"})
	}
	for _, v := range p.Volumes {
		rows = append(rows, [2]string{"volume", v.Name + " at " + v.Target})
	}
	for _, b := range p.Binds {
		rows = append(rows, [2]string{"directory", b.Source + " at " + b.Target})
	}
	if len(p.Replicas) > 0 {
		for _, other := range p.Containers()[1:] {
			text := other.Publish.URL()
			if other.GPUs != nil {
				text += ", GPU " + other.GPUs.String()
			}
			rows = append(rows, [2]string{"beside it", other.Container() + " at " + text})
		}
	}
	for _, e := range p.Env {
		rows = append(rows, [2]string{"environment", e.Name + "=" + e.Value})
	}
	for _, s := range p.Secrets {
		rows = append(rows, [2]string{"environment", s.Name + ", " + s.source()})
	}
	return rows
}

func (p Plan) userText() string {
	text := p.User
	if len(p.GroupAdd) > 0 {
		text += " and group " + strings.Join(p.GroupAdd, ", ")
	}
	if p.UserNamespace != "" {
		text += ", user namespace " + p.UserNamespace
	}
	return text + ", all capabilities dropped, no new privileges"
}

func (p Plan) imageText() string {
	text := p.Image.Reference + ", " + p.Image.Platform
	switch {
	case p.Image.BuiltIn:
		return text + ", built into this program"
	case p.UnpackedSize > 0:
		return text + ", " + Size(p.UnpackedSize) + " on disk"
	}
	return text
}

func (g GPURequest) String() string {
	if len(g.IDs) == 0 {
		return "all"
	}
	return strings.Join(g.IDs, ", ")
}

// Size writes bytes of disk or download in powers of ten, as registries and
// disk makers count.
func Size(n int64) string { return scaled(n, 1000, "kB", "MB", "GB", "TB") }

// Memory writes bytes of memory in powers of two, as Docker counts.
func Memory(n int64) string { return scaled(n, 1024, "KiB", "MiB", "GiB", "TiB") }

func scaled(n, base int64, units ...string) string {
	value, unit := float64(n), "B"
	for _, next := range units {
		// 999.95 would be written as 1000.0.
		if value < float64(base)-0.05 {
			break
		}
		value, unit = value/float64(base), next
	}
	text := strings.TrimSuffix(strconv.FormatFloat(value, 'f', 1, 64), ".0")
	return text + " " + unit
}
