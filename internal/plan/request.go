package plan

import "fmt"

// Auto lets the facts choose the variant.
const Auto = "auto"

// Request is what the user asked for. Zero values leave the choice to Make;
// what is set explicitly is honoured or refused, never degraded.
type Request struct {
	Instance string // a name; empty is DefaultInstance
	Tag      string // a variant's name, or Auto; empty is Auto
	Image    string // an image reference in place of the catalogue's
	Port     int    // host port; 0 takes the first free one from DefaultPort
	Listen   string // host address to publish on; empty is loopback
	Replicas int    // containers side by side, or AutoReplicas; 0 is one
}

// DiffersInNumber says whether other than the asked-for number of servers
// runs, or nothing.
func (r Request) DiffersInNumber(running int) string {
	if r.Replicas > 0 && r.Replicas != running {
		return fmt.Sprintf("there are %d servers, not %d", running, r.Replicas)
	}
	return ""
}

// Differs says in what a running server is another than was explicitly asked
// for, or nothing.
func (r Request) Differs(variant, image string, port int) string {
	switch {
	case r.Tag != "" && r.Tag != Auto && r.Tag != variant:
		return "it is the " + variant + " variant, not " + r.Tag
	case r.Image != "" && r.Image != image:
		return "it runs " + image + ", not " + r.Image
	case r.Port != 0 && r.Port != port:
		return fmt.Sprintf("it is on port %d, not %d", port, r.Port)
	}
	return ""
}
