package qvs

// A paged list grows without moving what is in it: a long script fills lists of a million values, and copying them
// to ever larger places, each as cold as the last, would make its bytes dearer than those of a short one.
type paged[T any] struct {
	pages [][]T
	size  int32
}

const (
	pageBits = 10
	pageSize = 1 << pageBits
)

// add appends a value, and is its number.
func (p *paged[T]) add(v T) int32 {
	if p.size&(pageSize-1) == 0 {
		var page []T // the first one grows: most scripts are short
		if p.size > 0 {
			page = make([]T, 0, pageSize)
		}
		p.pages = append(p.pages, page)
	}
	last := &p.pages[len(p.pages)-1]
	*last = append(*last, v)
	p.size++
	return p.size - 1
}

// at is the value of a number, to be read only until the next add.
func (p *paged[T]) at(n int32) *T { return &p.pages[n>>pageBits][n&(pageSize-1)] }
