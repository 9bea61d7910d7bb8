package catalog

// ListFacets tell how a list can be narrowed: for each column that was asked about, its values with how many
// rows have them, the most common first, and Missing for rows that have none.
type ListFacets struct {
	By      map[string][]Facet
	Missing map[string]int
	Rows    int
	// More: only so many rows as Rows says were counted; there are more. A count that took too long has no
	// rows at all.
	More bool
}
