// Package format writes sizes, times and counts as people read them.
package format

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

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

// Duration writes a time as people say it: 6h for 6h0m0s, no seconds of hours.
func Duration(d time.Duration) string {
	if d >= time.Hour {
		d = d.Round(time.Minute)
	}
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// Elapsed writes a time that is measured, to a tenth of a second below ten.
func Elapsed(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min %02d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %02d min", int(d.Hours()), int(d.Minutes())%60)
}

// Count writes a number of things, in their singular or plural.
func Count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// Pronoun stands for a number of things.
func Pronoun(n int) string {
	if n == 1 {
		return "it"
	}
	return "them"
}
