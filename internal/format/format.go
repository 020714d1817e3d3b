// Package format formats sizes, durations and counts for people.
package format

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Size formats bytes of disk or download in powers of ten, as registries and
// disk vendors do.
func Size(n int64) string { return scaled(n, 1000, "kB", "MB", "GB", "TB") }

// Memory formats bytes of memory in powers of two, as Docker does. It also fits
// limits that are whole MiB.
func Memory(n int64) string { return scaled(n, 1024, "KiB", "MiB", "GiB", "TiB") }

func scaled(n, base int64, units ...string) string {
	value, unit := float64(n), "B"
	for _, next := range units {
		// 999.95 would be rounded to 1000.0.
		if value < float64(base)-0.05 {
			break
		}
		value, unit = value/float64(base), next
	}
	text := strings.TrimSuffix(strconv.FormatFloat(value, 'f', 1, 64), ".0")
	return text + " " + unit
}

// Duration formats a duration briefly: 6h for 6h0m0s, and no seconds from an
// hour on.
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

// InSeconds formats a time in whole seconds, however long it is.
func InSeconds(d time.Duration) string { return fmt.Sprintf("%d s", int(d.Seconds())) }

// Elapsed formats a measured time, with tenths below ten seconds.
func Elapsed(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return InSeconds(d)
	case d < time.Hour:
		return fmt.Sprintf("%d min %02d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %02d min", int(d.Hours()), int(d.Minutes())%60)
}

// Count formats a number with its noun, singular or plural.
func Count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// Pronoun returns "it" or "them" for a number of things.
func Pronoun(n int) string {
	if n == 1 {
		return "it"
	}
	return "them"
}

// Seconds is a duration as JSON has it: in seconds, to the millisecond.
func Seconds(d time.Duration) float64 {
	return float64(d.Round(time.Millisecond).Milliseconds()) / 1000
}
