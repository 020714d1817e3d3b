// Package statusview is what `status` shows on a terminal.
package statusview

import (
	"fmt"
	"io"
	"net"
	"strings"
	"text/tabwriter"

	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/launch"
)

// Text lists the servers, each with its state, address and what it has loaded.
func Text(servers []launch.Status) string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for i, s := range servers {
		if i > 0 && (s.Replica > 1 || s.Behind != "") { // like the first
			writeNext(w, s)
			continue
		}
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s\t%s\n", s.Name, summary(s))
		if !s.Gateway() {
			fmt.Fprintf(w, "  image\t%s\n", s.Image)
		}
		if s.Digest != "" {
			fmt.Fprintf(w, "  digest\t%s\n", s.Digest)
		}
		if s.URL != "" {
			fmt.Fprintf(w, "  address\t%s%s\n", s.URL, exposure(s))
		}
		fmt.Fprintf(w, "  ready\t%s\n", readyText(s))
		writeEnd(w, s)
		if s.API != nil {
			fmt.Fprintf(w, "  device\t%s %s\n", s.API.Device.Type, s.API.Device.Name)
			for _, name := range s.API.ModelNames() {
				model := s.API.Models[name]
				loaded := "loaded"
				if !model.Loaded {
					loaded = "not loaded"
				}
				fmt.Fprintf(w, "  %s\t%s, %s\n", name, loaded, model.Type)
			}
		}
		if s.API != nil && s.API.Statistics.Kept > 0 {
			fmt.Fprintf(w, "  backgrounds\tkept in %d of %s: they look too much like the person\n",
				s.API.Statistics.Kept, format.Count(s.API.Statistics.Total, "photo", "photos"))
		}
		for _, warning := range s.Warnings {
			fmt.Fprintf(w, "  warning\t%s\n", warning)
		}
	}
	w.Flush()
	return text.String()
}

func readyText(s launch.Status) string {
	if s.Ready {
		return "yes"
	}
	return "no: " + s.Detail
}

// exposure names the address if a server can be reached from other machines.
func exposure(s launch.Status) string {
	if ip := net.ParseIP(s.Listen); ip == nil || ip.IsLoopback() {
		return ""
	}
	return ", reachable from other machines on " + s.Listen
}

func summary(s launch.Status) string {
	text := s.Status
	switch {
	case s.Gateway():
		text = "gateway, " + text
	case s.Variant != "":
		text = s.Variant + ", " + text
	}
	if s.Unmanaged {
		text += ", not started by facecraft"
	}
	return text
}

// writeNext writes a line about another server of an instance.
func writeNext(w io.Writer, s launch.Status) {
	relation, where := "beside it", s.Name
	if s.Behind != "" {
		relation, where = "behind it", s.Name+", "+s.Image
	}
	if s.URL != "" {
		where += " at " + s.URL
	}
	fmt.Fprintf(w, "  %s\t%s, ready: %s\n", relation, where, readyText(s))
	writeEnd(w, s)
}

// writeEnd says how a stopped server ended, and what to do.
func writeEnd(w io.Writer, s launch.Status) {
	if s.End == nil {
		return
	}
	for _, row := range s.End.Rows() {
		fmt.Fprintf(w, "  %s\t%s\n", row[0], row[1])
	}
	fmt.Fprintf(w, "  fix\t%s\n", s.End.Remedy)
}
