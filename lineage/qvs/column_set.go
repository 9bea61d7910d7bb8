package qvs

// chained is how many columns of an object are found one by one. Few objects have more that a script names.
const chained = 16

// A columnSet gives numbers to columns. Those of one object are chained to each other, the youngest first: a script
// speaks of the columns of one object in one place, which is near in memory, too, however long the script is.
type columnSet struct {
	list   paged[linkedColumn]
	chains []chain          // by object
	more   map[column]int32 // of objects whose chain is full
}

type linkedColumn struct {
	column
	older int32 // the next one of the object's chain
}

type chain struct{ youngest, length int32 }

func (s *columnSet) at(id int32) column { return s.list.at(id).column }

func (s *columnSet) id(c column) int32 {
	for int(c.object) >= len(s.chains) {
		s.chains = append(s.chains, chain{})
	}
	of := &s.chains[c.object]
	next := of.youngest
	for range of.length {
		have := s.list.at(next)
		if have.column == c {
			return next
		}
		next = have.older
	}
	if of.length < chained {
		id := s.list.add(linkedColumn{column: c, older: of.youngest})
		*of = chain{youngest: id, length: of.length + 1}
		return id
	}
	id, known := s.more[c]
	if !known {
		if s.more == nil {
			s.more = map[column]int32{}
		}
		id = s.list.add(linkedColumn{column: c})
		s.more[c] = id
	}
	return id
}
