package catalog

import (
	"slices"
	"strings"
)

// Closest is the word that somebody who wrote s most likely meant; "" if none is near.
func Closest(s string, words []string) string {
	best, distance := "", 3
	if len(s) <= 3 {
		distance = 2
	}
	simple := func(w string) string {
		return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(w))
	}
	for _, w := range words {
		if simple(w) == simple(s) {
			return w
		}
		n := editDistance(strings.ToLower(s), w)
		if sameLetters(strings.ToLower(s), w) {
			n = min(n, 1) // two letters swapped
		}
		if n < distance {
			best, distance = w, n
		}
	}
	return best
}

// OneOf is the cure of a word that isn't one of those that there are: the one that was meant, if it is near,
// and all of them.
func OneOf(s string, words []string) string {
	cure := "Use one of " + strings.Join(words, ", ") + "."
	if like := Closest(s, words); like != "" {
		return "Did you mean " + like + "? " + cure
	}
	return cure
}

func sameLetters(a, b string) bool {
	x, y := []byte(a), []byte(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// mostCompared is how long a word may be that is compared with others, in bytes: nobody means a longer one.
const mostCompared = 100

// editDistance counts insertions, deletions and replacements, by bytes.
func editDistance(a, b string) int {
	if len(a) > mostCompared {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
