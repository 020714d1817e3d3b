package plan

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/djok/facecraft/internal/format"
)

// String describes the plan to people: the container, then the reasons. It is
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
	c := p.First()
	rows := [][2]string{
		{"container", c.Name},
		{"image", c.Image.String() + p.Needs.diskText()},
		{"address", p.addressText()},
		{"user", c.userText()},
	}
	if c.GPUs != nil {
		rows = append(rows, [2]string{"GPUs", c.GPUs.String()})
	}
	rows = append(rows,
		[2]string{"limits", fmt.Sprintf("%s of memory, %d processes", format.Memory(c.MemoryLimit), c.PIDsLimit)})
	if c.Restart != "" {
		rows = append(rows, [2]string{"restart", c.Restart})
	}
	if c.ReadOnly {
		rows = append(rows, [2]string{"file system", "read-only, writable: " + strings.Join(c.Tmpfs, ", ") + " (in memory)"})
	}
	for _, v := range c.Volumes {
		rows = append(rows, [2]string{"volume", v.Name + " at " + v.Target})
	}
	for _, b := range c.Binds {
		rows = append(rows, [2]string{"directory", b.Source + " at " + b.Target})
	}
	for _, other := range p.Servers()[1:] {
		text := other.Name
		if url := other.Publish.URL(); url != "" {
			text += " at " + url
		}
		if other.GPUs != nil {
			text += ", GPU " + other.GPUs.String()
		}
		rows = append(rows, [2]string{"beside it", text})
	}
	for _, e := range c.Env {
		rows = append(rows, [2]string{"environment", e.Name + "=" + e.Value})
	}
	for _, s := range c.Secrets {
		rows = append(rows, [2]string{"environment", s.Name + ", " + s.source()})
	}
	return rows
}

func (p Plan) addressText() string {
	front := p.Front()
	if front.Role == RoleGateway {
		return fmt.Sprintf("%s, of the gateway %s (%s)", front.Publish.URL(), front.Name, front.Image.Reference)
	}
	return fmt.Sprintf("%s (port %d of the container)", front.Publish.URL(), front.Publish.Container)
}

func (c Container) userText() string {
	text := c.User
	if len(c.GroupAdd) > 0 {
		text += " and group " + strings.Join(c.GroupAdd, ", ")
	}
	if c.UserNamespace != "" {
		text += ", user namespace " + c.UserNamespace
	}
	return text + ", all capabilities dropped, no new privileges"
}

func (i Image) String() string {
	text := i.Reference + ", " + i.Platform
	if i.BuiltIn {
		text += ", built into this program"
	}
	return text
}

func (n Needs) diskText() string {
	if n.UnpackedSize == 0 {
		return ""
	}
	return ", " + format.Size(n.UnpackedSize) + " on disk"
}

func (g GPURequest) String() string {
	if len(g.IDs) == 0 {
		return "all"
	}
	return strings.Join(g.IDs, ", ")
}
