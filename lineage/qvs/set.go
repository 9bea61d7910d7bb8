package qvs

import (
	"slices"
)

// A set is a set of numbers that is never changed once it is made, so that whoever holds one holds what was
// true at that moment: a resident copy doesn't get what its source gains later. It shares its parts with
// other sets; nil is the empty one. Most hold one number, and a script has hundreds of thousands of them: they
// are as small as can be.
type set struct {
	many   *members // nil: only the single number
	mark   int32
	single [1]int32
}

// members are the numbers of a set: ids, and those of kids.
type members struct {
	ids  []int32
	kids []*set
	flat bool // ids are in order, and all there is
}

// one is the set of one number.
func one(id int32) *set { return &set{single: [1]int32{id}} }

// of is the set of these numbers, in any order.
func of(ids []int32) *set { return &set{many: &members{ids: ids}} }

// be makes an empty set, which nobody else has yet, that of one number.
func (s *set) be(id int32) { s.single[0] = id }

// union joins sets without copying them.
func union(sets ...*set) *set {
	var first *set
	n := 0
	for _, s := range sets {
		if s != nil && s != first {
			n++
			if first == nil {
				first = s
			}
		}
	}
	if n <= 1 {
		return first
	}
	kids := make([]*set, 0, n)
	for _, s := range sets {
		if s != nil && !slices.Contains(kids[:min(len(kids), 16)], s) {
			kids = append(kids, s)
		}
	}
	if len(kids) == 1 {
		return kids[0]
	}
	joined := &struct {
		set
		members
	}{members: members{kids: kids}}
	joined.many = &joined.members
	return &joined.set
}

// A flattener lists what sets hold, within a bound for all of them together.
type flattener struct {
	stamp int32
	left  int // how many numbers may still be listed
	over  bool
	stack []*set
}

// of is all that s holds, in order. The list is shared: nobody may change it.
func (f *flattener) of(s *set) []int32 {
	if s == nil {
		return nil
	}
	m := s.many
	if m == nil {
		return s.single[:]
	}
	if m.flat {
		return m.ids
	}
	f.stamp++
	list := f.collect(s)
	slices.Sort(list)
	list = slices.Compact(list)
	if f.left -= len(list); f.left < 0 {
		f.over = true
		list = nil
	}
	m.ids, m.kids, m.flat = slices.Clip(list), nil, true // the same content, in another form
	return m.ids
}

func (f *flattener) collect(s *set) []int32 {
	var list []int32
	f.stack = append(f.stack[:0], s)
	s.mark = f.stamp
	for len(f.stack) > 0 {
		top := f.stack[len(f.stack)-1]
		f.stack = f.stack[:len(f.stack)-1]
		m := top.many
		if m == nil {
			list = append(list, top.single[0])
			continue
		}
		if m.flat {
			list = append(list, m.ids...)
			continue
		}
		if f.left--; f.left < 0 {
			f.over = true
			return nil
		}
		list = append(list, m.ids...)
		for _, k := range m.kids {
			if k.mark != f.stamp {
				k.mark = f.stamp
				f.stack = append(f.stack, k)
			}
		}
	}
	return list
}

// An interner gives numbers to values.
type interner[T comparable] struct {
	ids  map[T]int32
	list []T
}

func (n *interner[T]) id(v T) int32 {
	if id, ok := n.ids[v]; ok {
		return id
	}
	if n.ids == nil {
		n.ids = map[T]int32{}
	}
	id := int32(len(n.list))
	n.ids[v] = id
	n.list = append(n.list, v)
	return id
}
