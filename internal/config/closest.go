package config

import (
	"slices"
	"strings"
)

// closest is the name that was probably meant, or "".
func closest(name string, names []string) string {
	name = strings.ReplaceAll(strings.ToLower(name), "_", "-")
	best, least := "", max(1, len(name)/3)+1
	slices.Sort(names)
	for _, each := range names {
		if d := distance(name, each); d < least {
			best, least = each, d
		}
	}
	return best
}

// distance is how many letters to add, remove or replace, or pairs to swap
// (optimal string alignment).
func distance(a, b string) int {
	if abs(len(a)-len(b)) > 8 { // not similar, and long names take time
		return len(a) + len(b)
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

func abs(n int) int { return max(n, -n) }
