package qvs

// A slab cuts many small values from large pieces of memory: a script has hundreds of thousands of them, all of
// which live as long as the reading does.
type slab[T any] struct{ rest []T }

const slabSize = 128

// next is a zero value.
func (s *slab[T]) next() *T {
	if len(s.rest) == 0 {
		s.rest = make([]T, slabSize)
	}
	p := &s.rest[0]
	s.rest = s.rest[1:]
	return p
}

// A columnField is a field that stands for a column outside, with its sets.
type columnField struct {
	f             field
	value, inputs set
}

// An insideField is a field as others see it that are made of it, with its set.
type insideField struct {
	f      field
	inputs set
}
